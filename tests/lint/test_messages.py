# SPDX-License-Identifier: MIT
"""Every text for people is translated, completely, and codes are not."""

import os
import pathlib
import re
import subprocess

import pytest

from source_tree import ROOT, c_files, lines, need, none, text

PO = pathlib.Path("po")
CATALOG = pathlib.Path("systemd/authtoken.catalog")
AUDIT = pathlib.Path("daemon/operation/audit.h")
MARKS = re.compile(r'\b(?:_|N_|_n)\("|\b(?:complain|complain_usage|bus_client_call|bus_client_broken|pamtok_tell)\(')
TABLE_OF_REASONS = pathlib.Path("include/authtoken/reason.h")


def listed(name):
    return [line for line in lines(PO / name) if line and not line.startswith("#")]


LANGUAGES = listed("LINGUAS")
assert LANGUAGES


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """What is to be translated, as it stands in the sources now."""
    need("xgettext", "gettext")
    path = tmp_path_factory.mktemp("po") / "authtoken.pot"
    options = re.findall(r"'(--(?:from-code|keyword|flag)[^']*)'", text(PO / "meson.build"))
    assert options
    subprocess.run(["xgettext", *options, "-o", path, *listed("POTFILES")], cwd=ROOT, check=True)
    return path


def test_each_file_with_a_text_for_people_is_listed():
    found = {str(path) for path in c_files("cli", "pam", suffixes=(".c",)) if MARKS.search(text(path))}
    # What the daemon answers is translated by authtokenctl.
    found |= {str(path) for path in c_files("daemon", suffixes=(".c",)) if "N_(" in text(path)}
    assert set(listed("POTFILES")) == found | {str(TABLE_OF_REASONS)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_complete(template, language):
    po = ROOT / PO / f"{language}.po"
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(["msgcmp", po, template], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    done = subprocess.run(["msgfmt", "--check", "--statistics", "-o", os.devnull, po], capture_output=True, text=True,
                          check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert not re.search(r"fuzzy|untranslated", done.stderr), done.stderr
    assert "#~" not in po.read_text(encoding="utf-8"), f"{po} keeps what nobody says any more"


def test_what_an_order_is_refused_with_can_be_translated():
    """A literal that goes to the caller, rather than to the journal, is marked."""
    marked = re.compile(r'(?:operation_refuse_later|deny)\([^;"]*?N_\("')
    literal = re.compile(r'(?:operation_refuse_later|deny)\((?:[^;"]|"")*?(?<!N_\()"', re.DOTALL)
    for top in ("daemon/verb", "daemon/front"):
        paths = c_files(top, suffixes=(".c",))
        assert any(marked.search(text(path)) for path in paths), f"no words of refusal found in {top}"
        none([f"{path}: {found.group(0)[-60:]!r}" for path in paths for found in literal.finditer(text(path))],
             "texts for people without N_()")


def entries(path):
    """{message id: its text}"""
    parts = re.split(r"^-- ([0-9a-f]{32})$", text(path), flags=re.MULTILINE)
    assert len(parts) > 1, f"{path}: no entry found"
    return dict(zip(parts[1::2], parts[2::2]))


# Of these there is a line only when it happened, or only when it did not.
ONE_OUTCOME = {"code-used", "key-retired", "keys-refused", "hook", "lock-out", "token-reuse", "left-out",
               "record-unreadable", "record-replaced"}
# Fields that a line may lack; journalctl would show their names instead.
OPTIONAL = {"code-created": ("USER", "SESSION"), "key-generated": ("KEY",), "key-rotated": ("KEY",), "ban": ("NOTE",)}


def events():
    """{name in AUTHTOKEN_EVENT=: message id}"""
    return dict(re.findall(r'X\(\w+, "([a-z-]+)",\s*"([0-9a-f]{32})"', text(AUDIT)))


def test_the_catalog_tells_the_outcome():
    """The same entry explains what was done and what was refused: it must not say that it was done."""
    english, known = entries(CATALOG), events()
    assert ONE_OUTCOME | set(OPTIONAL) <= set(known)
    none([f"{name}: does not tell @AUTHTOKEN_REASON@" for name, key in known.items()
          if name not in ONE_OUTCOME and "@AUTHTOKEN_REASON@" not in english[key]] +
         [f"{name}: AUTHTOKEN_{field} may be missing" for name, fields in OPTIONAL.items() for field in fields
          if f"@AUTHTOKEN_{field}@" in english[known[name]]],
         "entries of the catalog")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalog_is_complete(language):
    path = CATALOG.with_suffix(f".{language}.catalog")
    english, translated = entries(CATALOG), entries(path)
    none([f"{path}: {key} is missing" for key in english if key not in translated] +
         [f"{path}: {key} is none of ours" for key in translated if key not in english] +
         [f"{path}: {key} is still English" for key in english
          if key in translated and english[key].strip() == translated[key].strip()],
         "entries of the catalog")
    # Fields, commands and manuals are named alike.
    names = re.compile(r"@[A-Z_]+@|\b[a-z-]+\(\d\)|\bauthtokenctl [a-z-]+")
    none([f"{path}: {key}: {sorted(set(names.findall(english[key])) ^ set(names.findall(translated[key])))}"
          for key in english if key in translated
          and set(names.findall(english[key])) != set(names.findall(translated[key]))],
         "names that differ from the English entry")
