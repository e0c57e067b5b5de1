# SPDX-License-Identifier: MIT
"""The manuals have everything that can be configured, asked or answered, and nothing else."""

import pathlib
import re
import xml.etree.ElementTree

from source_tree import ROOT, files, none, text

TABLE_OF_REASONS = pathlib.Path("include/authtoken/reason.h")
REASONS_PAGE = pathlib.Path("man/authtoken-reasons.7.scd")
CONFIG_TABLE = pathlib.Path("daemon/config/config-option.c")
CONFIG_PAGE = pathlib.Path("man/authtokend.conf.5.scd")
CONFIG_VENDOR = pathlib.Path("systemd/authtokend.conf")
WIRE_CONTRACT = pathlib.Path("include/authtoken/ipc-message.h")
MODULE_TABLE = pathlib.Path("pam/args.c")
MODULE_PAGE = pathlib.Path("man/pam_authtoken.8.scd")
BUS_XML = next((path for path in files() if path.name == "org.authtoken1.Manager.xml"), None)
BUS_TABLE = pathlib.Path("daemon/front/bus-authz.c")
BUS_PAGE = pathlib.Path("man/org.authtoken1.5.scd")
BUS_POLICY = pathlib.Path("systemd/org.authtoken1.policy")
DAEMON_PAGE = pathlib.Path("man/authtokend.8.scd")
COMMAND_PAGE = pathlib.Path("man/authtokenctl.1.scd")
EVENT_TABLE = pathlib.Path("daemon/operation/audit.h")
CATALOG = pathlib.Path("systemd/authtoken.catalog")


def same(left, right, what):
    left_name, left_set = left
    right_name, right_set = right
    assert left_set, f"{left_name}: no {what} found"
    none([f"{name}: in {left_name}, not in {right_name}" for name in left_set - right_set] +
         [f"{name}: in {right_name}, not in {left_name}" for name in right_set - left_set], what)


def section(path, *titles):
    """The text of a manual's sections."""
    parts = re.split(r"^# (.+)$", text(path), flags=re.MULTILINE)
    return "".join(body for title, body in zip(parts[1::2], parts[2::2]) if title in titles)


def plain(markup):
    return re.sub(r"\\(.)", r"\1", markup)


def reasons():
    return set(re.findall(r'X\(\w+, "([a-z-]+)",', text(TABLE_OF_REASONS)))


def test_each_reason_has_an_entry():
    entries = set(re.findall(r"^\*([a-z-]+)\*(?=[\n,])", text(REASONS_PAGE), re.MULTILINE))
    same((TABLE_OF_REASONS, reasons()), (REASONS_PAGE, entries), "reasons")


def test_each_event_of_the_journal_has_an_entry():
    events = re.findall(r'X\(\w+, "[a-z-]+", "([0-9a-f]{32})"', text(EVENT_TABLE))
    assert len(events) == len(set(events)), "a message id stands for two events"
    entries = re.findall(r"^-- ([0-9a-f]{32})$", text(CATALOG), re.MULTILINE)
    same((EVENT_TABLE, set(events)), (CATALOG, set(entries)), "message ids")


def test_each_event_of_the_journal_is_in_the_manual():
    events = re.findall(r'X\(\w+,\s+"([a-z-]+)",\s+"[0-9a-f]{32}"', text(EVENT_TABLE))
    (said,) = re.findall(r"_AUTHTOKEN_EVENT=_ \(([^)]*)\)", plain(section(DAEMON_PAGE, "JOURNAL")))
    same((EVENT_TABLE, set(events)), (DAEMON_PAGE, set(re.split(r",\s+", said))), "events")


def constant(name):
    """What a macro of the wire contract stands for."""
    return re.search(rf'^#define {name}\s+"(.*)"$', text(WIRE_CONTRACT), re.MULTILINE).group(1)


def config_options():
    """{"[Section] Name": its default or None}"""
    rows = re.split(r"^\s+\[OPTION_\w+\] =", text(CONFIG_TABLE), flags=re.MULTILINE)[1:]
    found = {}
    for row in rows:
        section_name, name = re.match(r'\s*\{\s*"(\w+)",\s*"(\w+)",', row).groups()
        fallback = re.search(r'\.fallback = (?:"([^"]*)"|(\w+))', row)
        found[f"[{section_name}] {name}"] = fallback and (constant(fallback[2]) if fallback[2] else fallback[1])
    assert any(found.values()), f"no default in {CONFIG_TABLE}"
    return found


def vendor_options():
    shown, here = {}, ""
    for line in text(CONFIG_VENDOR).splitlines():
        if match := re.match(r"#?\[(\w+)(?: \".*\")?\]", line):
            here = match.group(1)
        elif match := re.match(r"#(\w+)=(.*)", line):
            shown[f"[{here}] {match.group(1)}"] = match.group(2)
    return shown


def test_each_option_of_the_configuration_has_an_entry():
    entries, here = set(), ""
    for line in text(CONFIG_PAGE).splitlines():
        if match := re.match(r"# \[(\w+)(?: \".*\")?\]", line):
            here = match.group(1).capitalize()
        elif line.startswith("*") and here:
            entries |= {f"[{here}] {name}" for name in re.findall(r"\*(\w+)=\*", line)}
    same((CONFIG_TABLE, set(config_options())), (CONFIG_PAGE, entries), "options of the configuration")


def test_the_vendors_file_shows_each_option():
    same((CONFIG_TABLE, set(config_options())), (CONFIG_VENDOR, set(vendor_options())),
         "options of the configuration")


def test_the_vendors_file_shows_the_defaults():
    # An option without a default of its own is shown with what it is derived from, or an example.
    shown = vendor_options()
    none([f"{name}={shown[name]}, the table says {default}"
          for name, default in config_options().items()
          if default is not None and shown.get(name, default) != default], f"defaults in {CONFIG_VENDOR}")


def test_the_sockets_of_the_units_are_the_defaults():
    defaults = config_options()
    for unit, option in (("authtokend.socket", "[Daemon] Socket"), ("authtoken-hook.socket", "[Hooks] Socket")):
        assert f"\nListenSequentialPacket={defaults[option]}\n" in text(pathlib.Path("systemd") / unit)


def test_each_option_of_the_module_has_an_entry():
    table = set(re.findall(r'^\s+\{ "(\w+)", read_\w+,', text(MODULE_TABLE), re.MULTILINE))
    entries = {plain(name) for name in
               re.findall(r"^\*([\w\\]+)=?\*", section(MODULE_PAGE, "OPTIONS"), re.MULTILINE)}
    same((MODULE_TABLE, table), (MODULE_PAGE, entries), "options of the module")


def bus_members(kind):
    root = xml.etree.ElementTree.fromstring(text(BUS_XML))
    (interface,) = [node for node in root.iter("interface")
                    if node.get("name") == "org.authtoken1.Manager"]
    return {node.get("name"): "".join(arg.get("type") for arg in node.iter("arg"))
            for node in interface.iter(kind)}


def policy_actions():
    found = {action.get("id") for action in xml.etree.ElementTree.fromstring(text(BUS_POLICY)).iter("action")}
    assert found, f"no action in {BUS_POLICY}"
    return found


def page_members(*titles):
    """{name: signature} of the entries of the D-Bus manual: *Name*(s user, u n) → u ended"""
    found = {}
    body = section(BUS_PAGE, *titles).replace("++\n", "\n").replace(",\ns ", ", s ")
    for name, arguments, result in re.findall(
            r"\*(\w+)\*\(([^)]*(?:\([^)]*\))?[^)]*)\)(?: → ([^\n]*))?", body):
        both = [argument.split()[0] for argument in f"{arguments}, {result}".split(",")
                if argument.split()]
        found[name] = "".join(both)
    return found


def test_each_method_is_in_the_manual_as_the_interface_says():
    both = {f"{name}({signature})" for name, signature in bus_members("method").items()}
    pages = page_members("METHODS")
    # RevokeSession and RevokeUser are two lines of one entry.
    same((BUS_XML, both), (BUS_PAGE, {f"{name}({signature})" for name, signature in pages.items()}),
         "methods")


def test_each_signal_is_in_the_manual_as_the_interface_says():
    same((BUS_XML, {f"{n}({s})" for n, s in bus_members("signal").items()}),
         (BUS_PAGE, {f"{n}({s})" for n, s in page_members("SIGNALS").items()}), "signals")


def test_each_method_has_a_row_of_permission():
    rows = set(re.findall(r'^\s+\{ "(\w+)", (?:ACTION|BUS_AUTHZ)', text(BUS_TABLE), re.MULTILINE))
    same((BUS_XML, set(bus_members("method"))), (BUS_TABLE, rows), "methods")


def test_each_action_that_is_asked_for_is_installed():
    asked = {f"org.authtoken1.{name}" for name in re.findall(r'ACTION\("([\w-]+)"\)', text(BUS_TABLE))}
    assert asked, f"no action in {BUS_TABLE}"
    none(asked - policy_actions(), f"actions that {BUS_POLICY} lacks")


def test_each_action_is_in_the_manual():
    page = plain(text(BUS_PAGE))
    names = {action.rsplit(".", 1)[1] for action in policy_actions()}
    none([name for name in names if not re.search(rf"(?<![a-z-]){name}(?![a-z-])", page)], f"actions not in {BUS_PAGE}")


def test_the_table_of_permissions_in_the_manual_is_that_of_the_code():
    free = ("BUS_AUTHZ_FREE", "-")
    coded = {tuple(re.sub(r'ACTION\("([\w-]+)"\)', r"\1", word).replace(*free) for word in row)
             for row in re.findall(r'^\s+\{ "(\w+)", (.+), (.+) \},$', text(BUS_TABLE), re.MULTILINE)}
    rows = re.findall(r"^\|  (.+)\n:  (.+)\n:  (.+)\n:  ", section(BUS_PAGE, "POLKIT ACTIONS"), re.MULTILINE)
    written = {(method, own, others) for methods, own, others in rows for method in methods.split(", ")}
    same((BUS_TABLE, coded), (BUS_PAGE, written), "permissions")


def test_each_command_and_option_is_in_the_manual():
    sources = [path for path in files() if path.parts[0] == "cli" and path.suffix == ".c"]
    options = {f"--{name}" for path in sources
               for name in re.findall(r'\{ "([a-z0-9-]+)", (?:no|required|optional)_argument', text(path))}
    assert options, "no option in cli/"
    page = plain(text(COMMAND_PAGE))
    none([name for name in options if not re.search(rf"{name}(?![a-z-])", page)], f"options not in {COMMAND_PAGE}")
    shown = set(re.findall(r"\*(--[a-z0-9-]+)", page))
    none(shown - options, f"options in {COMMAND_PAGE} that do not exist")


def test_each_command_and_option_is_completed():
    completion = pathlib.Path("cli/authtokenctl.bash")
    commands = re.findall(r'^\s+\{ "([\w-]+)", \w+, N_\(', text(pathlib.Path("cli/main.c")), re.MULTILINE)
    # A command with commands of its own has a file for each of them.
    table = {f"{name} --{option}" for name in ["main", *commands] for path in files()
             if re.fullmatch(rf"cli/{name}(-[a-z]+)?\.c", str(path)) for option in re.findall(
                 r'\{ "([a-z0-9-]+)", (?:no|required)_argument', text(path))}
    branches = re.findall(r"^\s+([\w-]+)\) echo ((?:[^;]|\n)*);;", text(completion), re.MULTILINE)
    shown = {f"{name} {option}" for name, options in branches for option in re.findall(r"--[a-z0-9-]+", options)}
    same(("cli", table), (completion, shown), "options")
    first = re.search(r'^\s+main\).*-W "([\w -]+)"', text(completion), re.MULTILINE).group(1).split()
    same(("cli/main.c", set(commands)), (completion, set(first)), "commands")


def test_links_of_the_documents_lead_somewhere():
    links = [(path, target) for path in files() if path.suffix == ".md"
             for target in re.findall(r"\]\(([^)#:]+)\)", text(path))]
    assert links
    none([f"{path}: {target}" for path, target in links if not (ROOT / path.parent / target).exists()],
         "links to nothing")


def test_files_of_this_tree_that_the_readme_names_in_commands_are_there():
    commands = "".join(re.findall(r"^```\n(.*?)^```", text(pathlib.Path("README.md")), re.DOTALL | re.MULTILINE))
    named = set(re.findall(r"(?<!\S)(?:scripts/[\w-]+|(?:[\w-]+/)*[\w-]+\.[ch])(?!\S)", commands))
    assert "scripts/demo" in named
    none(named - {str(path) for path in files()}, "files in commands of README.md that are not here")


def test_packages_that_the_build_needs_are_listed_once():
    control = text(pathlib.Path("debian/control"))
    block = re.search(r"^Build-Depends:(.*?)^\S", control, re.MULTILINE | re.DOTALL).group(1)
    wanted = set(re.findall(r"^\s*([a-z][\w.+-]+)", block, re.MULTILINE))
    assert "meson" in wanted
    # Virtual names, and what provides them.
    provided = {"pkg-config": "pkgconf", "debhelper-compat": "debhelper"}
    listed = set(text(pathlib.Path("scripts/packages")).split("group[demo]")[0].split())
    listed |= set(re.search(r'group\[package\]="(.*?)"', text(pathlib.Path("scripts/packages")),
                            re.DOTALL).group(1).split())
    none([name for name in wanted if provided.get(name, name) not in
          {word.strip("'\"") for word in listed}], "Build-Depends that scripts/packages lacks")
