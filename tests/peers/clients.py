#!/usr/bin/env python3
"""Unchanged Python clients of QEMU against a server: the package qemu.qmp, qmp-shell, and QEMU's qom-* tools.

Called by `run`, which fetches them. Where QEMU is installed, the same is asked of it: what the tools print must be the
same text. Each check is a function; what it needs and cannot have is skipped, and counted.
"""
import argparse
import asyncio
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

QEMU = "qemu-system-x86_64"


class Skip(Exception):
    """A check cannot run here; says why."""


class Server:
    """A running server, `qomet` or QEMU, and its socket."""

    def __init__(self, name, command, folder):
        self.name = name
        self.socket = os.path.join(folder, f"{name}.sock")
        self.command = [word.replace("{sock}", self.socket) for word in command]
        self.process = None

    def __enter__(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.socket)
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(self.command, **quiet)
        deadline = time.monotonic() + 20
        while not os.path.exists(self.socket):
            assert self.process.poll() is None, f"{self.name} ended at once"
            assert time.monotonic() < deadline, f"{self.name} does not listen"
            time.sleep(0.01)
        # QEMU may forget a client that comes at once.
        time.sleep(0.1)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def ends_well(self):
        return self.process.wait(timeout=20) == 0


def run(words, text="", **more):
    done = subprocess.run([str(word) for word in words], input=text, capture_output=True, text=True, timeout=60, **more)
    return done.returncode, done.stdout, done.stderr


# ---- the package


async def talk(server):
    """Connects, negotiates, adds, sets, gets, is refused, deletes, quits and hears of it. Returns what was said."""
    from qemu.qmp import EventListener, ExecuteError, QMPClient
    said = []
    client, other = QMPClient("one"), QMPClient("other")
    await client.connect(server.socket)
    said.append(("version", client.greeting.QMP.version["qemu"], client.greeting.QMP.capabilities))

    async def ask(command, **arguments):
        try:
            said.append((command, await client.execute(command, arguments)))
        except ExecuteError as error:
            said.append((command, error.error_class))

    await ask("object-add", **{"qom-type": "memory-backend-ram", "id": "m0", "size": 1 << 20})
    await ask("qom-get", path="/objects/m0", property="size")
    await ask("qom-set", path="/objects/m0", property="merge", value=False)
    await ask("qom-get", path="/objects/m0", property="merge")
    await ask("qom-set", path="/objects/m0", property="size", value=4096)
    await ask("qom-get", path="/objects/m0", property="size")
    await ask("qom-get", path="/objects/nobody", property="size")
    await ask("object-add", **{"qom-type": "memory-backend-ram", "id": "m0", "size": 1 << 20})
    await ask("no-such-command")
    await ask("qom-list", path="/objects")
    # Many at once: each reply must find its request.
    many = [client.execute("qom-get", {"path": "/objects/m0", "property": name})
            for name in ("type", "size", "merge") * 50]
    said.append(("many", await asyncio.gather(*many)))
    # The message as it stands, with an id of ours.
    said.append(("raw", (await client._raw({"execute": "query-name", "id": "mine"}, assign_id=False))["id"]))
    await ask("object-del", id="m0")
    await ask("object-del", id="m0")

    if server.name == "qomet":
        await other.connect(server.socket)
        said.append(("second client", (await other.execute("query-status"))["status"]))
    with client.listener("SHUTDOWN") as events:
        await ask("quit")
        event = await asyncio.wait_for(events.get(), 10)
        said.append((event["event"], event["data"]))
        assert event["timestamp"]["seconds"] > 1_700_000_000, event
    for one in (client, other):
        with contextlib.suppress(Exception):
            await one.disconnect()
    return said


def the_package_does_its_work(world):
    with world.qomet() as server:
        said = dict(map(lambda entry: (entry[0], entry[1:]), world.in_venv("talk", server)))
        assert server.ends_well()
    assert said["version"][0] == {"major": 10, "minor": 0, "micro": 2}, said["version"]
    assert said["second client"] == ["running"] or said["second client"] == ["prelaunch"], said["second client"]
    assert said["SHUTDOWN"][0] == {"guest": False, "reason": "host-qmp-quit"}, said["SHUTDOWN"]
    assert said["many"][0] == ["memory-backend-ram", 1 << 20, False] * 50, said["many"]


def the_package_hears_from_qomet_what_it_hears_from_qemu(world):
    ours, theirs = [], []
    with world.qomet() as server:
        ours = world.in_venv("talk", server)
    with world.qemu() as server:
        theirs = world.in_venv("talk", server)
    ours = [entry for entry in ours if entry[0] != "second client"]
    assert ours == theirs, "\n".join(f"{o}\n{t}" for o, t in zip(ours, theirs) if o != t)


def blocking(server):
    """The same package's older, blocking interface, which QEMU's own tools use."""
    from qemu.qmp.legacy import QEMUMonitorProtocol
    monitor = QEMUMonitorProtocol(server.socket)
    said = [sorted(monitor.connect()["QMP"])]
    said.append(monitor.cmd_raw("qom-list", {"path": "/objects"}))
    said.append(monitor.cmd("query-version")["qemu"])
    monitor.cmd_raw("quit")
    said.append(monitor.pull_event(wait=10.0)["event"])
    # The server has gone first, which it takes amiss.
    with contextlib.suppress(EOFError):
        monitor.close()
    return said


def the_blocking_interface_works(world):
    with world.qomet() as server:
        said = world.in_venv("blocking", server)
        assert server.ends_well()
    version = {"major": 10, "minor": 0, "micro": 2}
    listed = {"return": [{"name": "type", "type": "string"}]}
    assert said == [["capabilities", "version"], listed, version, "SHUTDOWN"], said


# ---- qmp-shell

TYPED = """
object-add qom-type=memory-backend-ram id=m0 size=4096 merge=false
qom-get path=/objects/m0 property=size
qom-get path=/objects/m0 property=merge
object-add {"qom-type":"rng-builtin","id":"r0"}
qom-set path=/objects/m0 property=dump value=false
qom-get path=/objects/m0 property=dump
qom-get path=/objects/nobody property=size
no-such-command
object-del id=m0
"""


def replies(output):
    """The values in what a shell prints, without its prompt; what differs from run to run is taken away."""
    decoder, values, at = json.JSONDecoder(), [], 0
    while (at := output.find("{", at)) >= 0:
        try:
            value, at = decoder.raw_decode(output, at)
        except json.JSONDecodeError:
            at += 1
            continue
        for one in (value, value.get("error") or {}):
            for member in ("desc", "data", "timestamp", "id"):
                one.pop(member, None)
        values.append(value)
    return values


def qmp_shell(world, server, *options, text=TYPED):
    code, output, errors = run([world.in_bin("qmp-shell"), *options, server.socket], text)
    assert code == 0, (code, output, errors)
    return output


def qmp_shell_does_its_work(world):
    with world.qomet() as server:
        found = replies(qmp_shell(world, server))
    error = lambda name: {"error": {"class": name}}
    wanted = [{}, 4096, False, None, {}, False, error("DeviceNotFound"), error("CommandNotFound"), {}]
    wanted = [value if isinstance(value, dict) and "error" in value else {"return": value}
              for value in wanted if value is not None]
    assert found == wanted, found


def qmp_shell_prints_for_qomet_what_it_prints_for_qemu(world):
    with world.qomet() as ours, world.qemu() as theirs:
        for options in ([], ["-p"], ["-v"], ["-v", "-p"]):
            found, wanted = (replies(qmp_shell(world, server, *options)) for server in (ours, theirs))
            assert found == wanted, (options, found, wanted)


def qmp_shell_completes_on_a_terminal(world):
    import pty
    with world.qomet() as server:
        master, slave = pty.openpty()
        shell = subprocess.Popen([world.in_bin("qmp-shell"), server.socket], stdin=slave, stdout=slave, stderr=slave,
                                 env={**os.environ, "TERM": "dumb"})
        os.close(slave)
        seen = b""

        def until(what):
            nonlocal seen
            deadline = time.monotonic() + 20
            while what not in seen:
                assert time.monotonic() < deadline, seen
                seen += os.read(master, 4096)
            seen = seen.split(what, 1)[1]

        try:
            until(b"(QEMU) ")
            os.write(master, b"query-stat\t\n")
            until(b'"running"')
            os.write(master, b"quit\n")
            until(b"{")
        finally:
            shell.kill()
            shell.wait()
            os.close(master)


def qmp_shell_speaks_hmp(world):
    with world.qomet() as server:
        if "human-monitor-command" not in world.in_venv("commands", server):
            raise Skip("there is no human-monitor-command")
        typed = "object_add memory-backend-ram,id=m0,size=4k\nqom-get /objects/m0 size\ninfo memdev\nobject_del m0\n"
        output = qmp_shell(world, server, "-H", text=typed)
    assert re.search(r"\b4096\b", output) and "memory backend: m0" in output, output


async def commands(server):
    from qemu.qmp import QMPClient
    client = QMPClient()
    await client.connect(server.socket)
    names = [command["name"] for command in await client.execute("query-commands")]
    await client.disconnect()
    return names


# ---- QEMU's tools


def tool(world, server, name, *arguments):
    program = world.tools / name
    if not program.exists():
        raise Skip("QEMU's source was not fetched")
    return run([sys.executable, program, "--socket", server.socket, *arguments])


def qom_tools_do_their_work(world):
    with world.qomet("--object", '{"qom-type": "memory-backend-ram", "id": "m0", "size": 4096}') as server:
        code, listed, _ = tool(world, server, "qom-list", "/")
        assert (code, listed.splitlines()) == (0, ["type", "objects/"]), listed
        assert tool(world, server, "qom-get", "/objects/m0.size")[:2] == (0, "4096\n")
        code, tree, _ = tool(world, server, "qom-tree")
        assert code == 0 and "/objects/m0" in tree and "  size: 4096 (int)" in tree, tree
        assert "EXCEPTION" not in tree, tree
        code, _, errors = tool(world, server, "qom-get", "/objects/nobody.size")
        assert code != 0 and "nobody" in errors, errors


def qom_tools_print_for_qomet_what_they_print_for_qemu(world):
    objects = ['{"qom-type": "memory-backend-ram", "id": "m0", "size": 4096, "merge": false}',
               '{"qom-type": "rng-builtin", "id": "r0"}']
    words = [word for text in objects for word in ("--object", text)]
    words_of_qemu = ["-object" if word == "--object" else word for word in words]
    with world.qomet(*words) as ours, world.qemu(*words_of_qemu) as theirs:
        # QEMU lists children in no order.
        listed, expected = (tool(world, server, "qom-list", "/objects")[1] for server in (ours, theirs))
        assert sorted(listed.splitlines()) == sorted(expected.splitlines()), (listed, expected)
        for asked in (["qom-list", "/objects/r0"], ["qom-tree", "/objects/r0"],
                      ["qom-get", "/objects/m0.merge"], ["qom-get", "/objects/m0.type"], ["qom-get", "/objects/r0.opened"],
                      ["qom-get", "m0.size"]):
            found, wanted = (tool(world, server, *asked)[:2] for server in (ours, theirs))
            assert found == wanted, (asked, found, wanted)
        for asked in (["qom-set", "/objects/m0.size", "8192"], ["qom-set", "/objects/m0.merge", "on"],
                      ["qom-get", "/objects/m0.nothing"], ["qom-list", "/nowhere"], ["qom-set", "/objects/r0.type", "x"]):
            found, wanted = (tool(world, server, *asked)[0] for server in (ours, theirs))
            assert (found == 0) == (wanted == 0), (asked, found, wanted)


# ---- running them


class World:
    """What the checks need."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.tools = pathlib.Path(options.tools)

    def qomet(self, *more):
        return Server("qomet", [self.options.program, "run", *more, "--qmp", "unix:{sock}"], self.folder)

    def qemu(self, *more):
        if shutil.which(QEMU) is None:
            raise Skip(f"{QEMU} is not installed")
        return Server("qemu", [QEMU, "-machine", "none", "-nodefaults", "-display", "none", *more,
                               "-qmp", "unix:{sock},server=on,wait=off"], self.folder)

    def in_bin(self, name):
        program = pathlib.Path(self.options.venv, "bin", name)
        if not program.exists():
            raise Skip("the package qemu.qmp was not fetched")
        return program

    def in_venv(self, name, server):
        """What a function of this file says when the environment's own Python runs it."""
        code, output, errors = run([self.in_bin("python"), __file__, "--inside", name, server.name, server.socket])
        assert code == 0, errors
        return json.loads(output)


CHECKS = [
    the_package_does_its_work,
    the_package_hears_from_qomet_what_it_hears_from_qemu,
    the_blocking_interface_works,
    qmp_shell_does_its_work,
    qmp_shell_prints_for_qomet_what_it_prints_for_qemu,
    qmp_shell_completes_on_a_terminal,
    qmp_shell_speaks_hmp,
    qom_tools_do_their_work,
    qom_tools_print_for_qomet_what_they_print_for_qemu,
]


def main():
    if sys.argv[1] == "--inside":
        _, _, coroutine, name, path = sys.argv
        server = argparse.Namespace(name=name, socket=path)
        said = globals()[coroutine](server)
        print(json.dumps(asyncio.run(said) if asyncio.iscoroutine(said) else said))
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--program", "--venv", "--tools", "--count"):
        parser.add_argument(option, required=True)
    options = parser.parse_args()
    passed = failed = skipped = 0
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        with tempfile.TemporaryDirectory(prefix="qomet-peers-") as folder:
            try:
                check(World(options, folder))
                passed += 1
                print(f"ok: {name}")
            except Skip as why:
                skipped += 1
                print(f"skipped: {name}: {why}")
            except Exception:
                failed += 1
                print(f"FAILED: {name}\n{traceback.format_exc()}")
    pathlib.Path(options.count).write_text(f"{passed} {failed} {skipped}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
