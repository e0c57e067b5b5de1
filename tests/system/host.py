# SPDX-License-Identifier: MIT
"""A bed on which an administrator has set authtoken up, as authtoken(7) says."""

import pexpect

from authtoken import Authtoken
from bed import Bed
from deadline import SECONDS, wait_until
from journal import Journal
from ssh import Ssh

PASSWORDS = {
    "alice": "ivy-Passw0rd-alice",
    "bob": "ivy-Passw0rd-bob",
    "carol": "ivy-Passw0rd-carol",
    "root": "ivy-Passw0rd-root",
}
SUDOERS = ("alice", "carol")
DROP_INS = "/etc/authtoken/authtokend.conf.d"
EXAMPLE = "/usr/share/doc/libpam-authtoken/examples/sshd_config.d-authtoken.conf"
REDIS_SOCKET = "/run/redis/redis-server.sock"
SUDO_LINE = "auth [success=done ignore=ignore module_unknown=ignore default=die] pam_authtoken.so sudo_session"
SUDO_STACKS = ("/etc/pam.d/sudo", "/etc/pam.d/sudo-i")
SERVICE = "authtokend.service"
SOCKET = "authtokend.socket"

# Tokens have to expire while somebody waits, secrets must not be written at any level, and all tests come
# from one address.
COMMON = """
[Daemon]
LogLevel=debug
[Token]
Leeway=1s
[Limits]
LoginFailures=1000
"""
STORES = {
    "sqlite": "[Store]\nType=sqlite\n",
    "redis": f"[Store]\nType=redis\nAddress=unix:{REDIS_SOCKET}\nRequireDurable=yes\n",
}
REDIS = f"""
unixsocket {REDIS_SOCKET}
unixsocketperm 770
appendonly yes
appendfsync always
"""


class Host:
    """The bed, its users, and what tests use to look at it.

    The bed, and the clients of its sshd, may be others than usual.
    """

    def __init__(self, store, bed=None, ssh=None, name="bed"):
        self.store = store
        self.name = name
        self.bed = bed or Bed()
        try:
            self.authtoken = Authtoken(self.bed)
            self.journal = Journal(self.bed)
            self.ssh = ssh or Ssh(self.bed)
            self._add_users()
            self._set_up_sshd()
            self.configure("50-test.conf", COMMON)
            self.configure("60-store.conf", self._set_up_store())
            self.enable_pam()
            self.bed.systemctl("restart", SERVICE)
            self.authtoken.wait_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self.bed.stop()

    def _add_users(self):
        for name, password in PASSWORDS.items():
            if name == "root":
                self.bed.set_password(name, password)
            else:
                self.bed.add_user(name, password, *(["sudo"] if name in SUDOERS else []))

    def _set_up_sshd(self):
        self.bed.run("cp", EXAMPLE, "/etc/ssh/sshd_config.d/authtoken.conf")
        # root has to get as far as PAM, or nothing shows that PAM refuses root.
        self.bed.write("/etc/ssh/sshd_config.d/test.conf",
                       "PermitRootLogin yes\nMaxStartups 100\n")
        self.bed.systemctl("reload", "ssh")

    def _set_up_store(self):
        """Return the daemon's options."""
        if self.store == "redis":
            self._set_up_redis()
        return STORES[self.store]

    def _set_up_redis(self):
        with open(self.bed.path("/etc/redis/redis.conf"), "a", encoding="utf-8") as config:
            config.write(REDIS)
        self.bed.systemctl("restart", "redis-server")
        self.bed.write(f"/etc/systemd/system/{SERVICE}.d/redis.conf",
                       "[Service]\nSupplementaryGroups=redis\n")
        self.bed.systemctl("daemon-reload")

    def enable_pam(self):
        self.bed.run("pam-auth-update", "--enable", "authtoken", "authtoken-session")

    def configure(self, name, text):
        self.bed.write(f"{DROP_INS}/{name}", text)

    def unconfigure(self, name):
        self.bed.path(f"{DROP_INS}/{name}").unlink()

    def enable_sudo_session(self, options="", stacks=SUDO_STACKS):
        """Put the line of pam_authtoken(8) into the stacks, with these options more."""
        self.disable_sudo_session(stacks)
        self.bed.run("sed", "--in-place", f"/^@include common-auth/i {SUDO_LINE} {options}", *stacks)

    def disable_sudo_session(self, stacks=SUDO_STACKS):
        self.bed.run("sed", "--in-place", "/sudo_session/d", *stacks)

    def login(self, user, secret=None, **options):
        """Log in with the secret, or with the user's password."""
        return self.ssh.login(user, PASSWORDS[user] if secret is None else secret, **options)

    def login_at_console(self, user, secret):
        """Where /bin/login asks, and not sshd."""
        console = self.bed.command("env", "TERM=dumb", "script", "--quiet", "--command",
                                   f"login {user}", "/dev/null")
        child = pexpect.spawn(console[0], console[1:], encoding="utf-8", timeout=SECONDS)
        child.expect("Password or access token: ")
        return self.ssh.answer(child, user, secret)

    def tidy(self):
        """Let the next test find no shells and no sessions."""
        self.ssh.close_all()
        for user in PASSWORDS:
            self.authtoken.revoke_user(user)
        # A kick also counts logins that ended before and are still there.
        wait_until(lambda: self.authtoken.status()["logins"] == 0, "no login is left")
