#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Plants what must not be believed of holds and removals into stores that the real program made, and asks both verifiers.

    python3 Tests/verifier/tampering.py [--only WORD] [--keep]

The program is $WARDLINE, else .build/release/wardline. With its clock shifted by `clock.c` it makes a store whose records
grow old, are held, removed by retention, let go and removed again. Each change below is made in a copy, once as somebody
who can write and once as somebody who has the store's key too and makes all checksums and signatures right. `verify.py`
must name each, and so must `wardline verify`.
What is no damage (a crash between two steps, a segment from an older copy) must be none for both.

Needs cc and the package cryptography. Exit status 1 with a line for each that came out otherwise.
"""
import argparse
import base64
import contextlib
import enum
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BINARY = os.environ.get("WARDLINE", os.path.join(ROOT, ".build", "release", "wardline"))
DAY = 86_400

import verify
from forging import (act_of, altered, append_record, bodies, read, replaced, rewrite_journal, sign, tombstones, without,
                     write)
from notes import notes_in
from rows import ACT
from stored import sha


class Sees(enum.Enum):
    """Who must say that a store is damaged."""
    NOBODY = "neither"
    BOTH = "both"


# -- the store

def command(*arguments, days=0, check=True):
    """Runs the program `days` from now; its standard output."""
    environment = dict(os.environ, LD_PRELOAD=SHIM, CLOCK_SHIFT=str(days * DAY))
    result = subprocess.run([BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                            env=environment, timeout=300)
    if check and result.returncode:
        sys.exit(f"{arguments}: status {result.returncode}: {result.stderr.decode()}")
    return result.stdout.decode()


def copy_of(store, name):
    """A copy; the files of sets/ are the same ones."""
    target = os.path.join(os.path.dirname(store), name)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(store, target, copy_function=lambda source, copy: (
        os.link if os.sep + "sets" + os.sep in source else shutil.copy2)(source, copy))
    return target


def policy(store):
    """A configuration by which all goes that is older than a day."""
    config = os.path.join(os.path.dirname(store), "retention.yaml")
    with open(config, "w", encoding="utf-8") as file:
        file.write("retention: [{ keep: 1d }]\n")
    return config


def retain(store, days):
    command("store", "retention", "--store", store, "--config", policy(store), "--yes", "--reason", "yearly",
            days=days)


def feed(store, text, days):
    path = os.path.join(os.path.dirname(store), f"more-{days}.log")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    command("ingest", "-q", "--store", store, path, days=days)


def hold(store, verb, name, days, *what):
    command("hold", verb, name, "--reason", "court order", *what, "--store", store, days=days)


def make_store(folder):
    """The store, and copies of it from between its two removals and from before them."""
    store, story = os.path.join(folder, "store"), os.path.join(ROOT, "replay", "vendor-session")
    command("ingest", "-q", "--store", store, "--site", os.path.join(story, "site"),
            os.path.join(story, "input.log"), days=-40)
    hold(store, "add", "case-7", -39, "--offsets", "21..30")
    young = copy_of(store, "young")
    retain(store, -30)
    first = copy_of(store, "first")
    hold(store, "remove", "case-7", -25, "--yes")
    # What this one names is gone already for the greater part: no harm was done by that.
    hold(store, "add", "case-8", -24, "--offsets", "36..60")
    retain(store, -20)
    for days in (-10, -9, -8):
        feed(store, f"Nov  1 00:00:0{-days % 10} gate-1 sshd[1]: session opened for user ada", days)
    return store, first, young


# -- the changes: what they are called, who must see them, what verify.py must say, and what they do to a copy

CHANGES = []


def change(name, sees, words=""):
    def add(body):
        CHANGES.append((name, sees, words, body))
        return body
    return add


def edit(name, old, new):
    """Puts other bytes in the place of the last of the old ones, signatures as they were."""
    def body(store, _):
        data = read(store, name)
        place = data.rindex(old)
        write(data[:place] + new(data[place:place + len(old)]) + data[place + len(old):], store, name)
    return body


TOMBSTONES = os.path.join("records", "tombstones")
UNSIGNED = "records/tombstones: note 2: a note of"
UNTOLD = "no tombstone accounts for them"
OTHER = "its tombstone has another "


def flipped(data):
    return bytes([data[0] ^ 1]) + data[1:]


# Somebody who can write, without the key.
for line in ("removed ", "digest ", "root ", "offsets ", "actor ", "time ", "reason "):
    change(f"the {line}of a tombstone is edited", Sees.BOTH, UNSIGNED)(
        lambda store, _, line=line: edit(TOMBSTONES, b"\n" + line.encode() + read(store, TOMBSTONES).rsplit(
            b"\n" + line.encode(), 1)[1][:1], lambda data: data[:-1] + bytes([data[-1] ^ 1]))(store, _))


@change("the tombstones are deleted", Sees.BOTH, UNTOLD)
def delete_tombstones(store, _):
    os.remove(os.path.join(store, TOMBSTONES))


@change("a tombstone is signed in the name of the journal", Sees.BOTH, UNSIGNED)
def sign_as_journal(store, _):
    first, second = bodies(read(store, TOMBSTONES))
    write((sign(store, first) + sign(store, second, "journal")).encode(), store, TOMBSTONES)


@change("the newest removal is taken out of the end of the journal", Sees.BOTH, "a head of")
def cut_journal(store, _):
    folder = os.path.join(store, "journal")
    for name in sorted(name for name in os.listdir(folder) if name.endswith(".seg"))[1:]:
        os.remove(os.path.join(folder, name))
    for name in os.listdir(os.path.join(folder, "wal")):
        os.remove(os.path.join(folder, "wal", name))


@change("the holds are deleted", Sees.BOTH, "holds: notes are gone")
def delete_holds(store, _):
    os.remove(os.path.join(store, "holds"))


@change("the newest note of the holds is cut off", Sees.BOTH, "holds: notes are gone")
def cut_holds(store, _):
    write(read(store, "holds")[:-len(sign(store, bodies(read(store, "holds"))[-1]).encode())], store, "holds")


change("the offsets of a hold are edited", Sees.BOTH, "is not signed by its key")(
    edit("holds", b"offsets 36", lambda data: b"offsets 37"))


@change("an unsigned note follows the holds", Sees.BOTH, "is not signed by its key")
def add_unsigned(store, _):
    note = sign(store, "wardline hold v1\nremove case-8\nreason x\nactor x\ntime 2026-11-01T00:00:00Z\n")
    write(read(store, "holds") + note.replace("remove case-8", "remove case-9").encode(), store, "holds")


@change("other bytes follow the holds", Sees.BOTH, "does not consist of notes")
def add_bytes(store, _):
    write(read(store, "holds") + b"x\n", store, "holds")


@change("a head has a signature of other letters", Sees.BOTH, "records/heads: note")
def alter_head(store, _):
    data = read(store, "records", "heads")
    write(data[:-9] + b"\xe5" + data[-8:], store, "records", "heads")


@change("the first tombstone has a signature of other letters", Sees.BOTH, "records/tombstones: note 1")
def alter_signature(store, _):
    data = read(store, TOMBSTONES)
    place = data.index(b"\n\nwardline tombstone") - 9
    write(data[:place] + b"!" + data[place + 1:], store, TOMBSTONES)


@change("the heads of a stream are deleted", Sees.BOTH, "and there is no head")
def delete_heads(store, _):
    os.remove(os.path.join(store, "records", "heads"))


@change("the journal is deleted", Sees.BOTH, "journal: there is no such folder")
def delete_journal(store, _):
    shutil.rmtree(os.path.join(store, "journal"))


def a_set(store):
    folder = os.path.join(store, "sets")
    return os.path.join(folder, sorted(os.listdir(folder))[7])


@change("a file of sets is deleted", Sees.BOTH, "and it is not there")
def delete_set(store, _):
    os.remove(a_set(store))


@change("a file of sets is altered", Sees.BOTH, "do not have the hash")
def alter_set(store, _):
    path, data = a_set(store), read(a_set(store))
    os.remove(path)
    write(data + b"\n", path)


# Somebody who has the key.
change("another count is signed", Sees.BOTH, UNTOLD)(
    lambda store, _: tombstones(store, replaced("removed", lambda text: int(text) + 1)))
change("another range is signed", Sees.BOTH, UNTOLD)(
    lambda store, _: tombstones(store, replaced("offsets", lambda text: text + "0")))
change("another digest is signed", Sees.BOTH, UNTOLD)(
    lambda store, _: tombstones(store, replaced("digest", lambda text: sha(b"").hex())))
change("another root is signed", Sees.BOTH, UNTOLD)(
    lambda store, _: tombstones(store, replaced("root", lambda text: base64.b64encode(sha(b"")).decode())))
change("another actor is signed", Sees.BOTH, OTHER + "actor")(
    lambda store, _: tombstones(store, replaced("actor", lambda text: "nobody (uid 65534)")))
change("another reason is signed", Sees.BOTH, OTHER + "reasons")(
    lambda store, _: tombstones(store, replaced("reason", lambda text: "flood")))
change("another time is signed", Sees.BOTH, "and no tombstone does")(
    lambda store, _: tombstones(store, replaced("time", lambda text: "2026-01-01T00:00:00Z")))
change("the tombstone of the first removal is left out", Sees.BOTH, "and no tombstone does")(
    lambda store, _: tombstones(store, lambda texts: texts[1:]))
change("the entry of the newest removal is left out", Sees.BOTH, "no entry of the journal says")(
    lambda store, _: rewrite_journal(store, without("retention.removed")))
for member, value in (("records", lambda count: count - 1), ("end", lambda end: end + 1), ("digest", lambda text: "0"),
                      ("actor", lambda text: "x"), ("reasons", lambda texts: texts[1:])):
    change(f"the entry of a removal has other {member}", Sees.BOTH, OTHER + member)(
        lambda store, _, member=member, value=value: rewrite_journal(
            store, altered("retention.removed", member, value)))
change("the entry of a hold is left out", Sees.BOTH, "was judged, and no entry tells of it")(
    lambda store, _: rewrite_journal(store, without("act.held", 0)))
change("the entry of a hold has another reason", Sees.BOTH, "has another reason")(
    lambda store, _: rewrite_journal(store, altered("act.held", "reason", lambda text: "x")))
change("an entry tells of a hold that no act placed", Sees.BOTH, "which is no such act")(
    lambda store, _: rewrite_journal(store, altered("act.held", "id", lambda text: "2")))


@change("the holds are written anew without one, and an act says that they are so", Sees.BOTH, "holds: notes are gone")
def rewrite_holds(store, _):
    write("".join(sign(store, body) for body in bodies(read(store, "holds"))[2:]).encode(), store, "holds")
    append_record(store, ACT, act_of(store, "add case-8"))


@change("an act gives a hold another name", Sees.BOTH, "and the note is add case-8")
def rename_hold(store, _):
    append_record(store, ACT, act_of(store, "add case-9"))


def remove_held(store, first, *what):
    """As who has the key: ends the hold with a note of its own, removes, and takes the note away again."""
    copy = copy_of(first, os.path.basename(store))
    if what:
        hold(copy, "remove", "case-7", -29, "--yes")
        hold(copy, "add", "case-7", -28, *what)
    holds = read(copy, "holds")
    end = sign(copy, "wardline hold v1\nremove case-7\nreason x\nactor x\ntime 2026-01-01T00:00:00Z\n")
    write(holds + end.encode(), copy, "holds")
    retain(copy, -20)
    write(holds, copy, "holds")


@change("records are removed under a hold of offsets", Sees.BOTH, "were removed while the hold case-7 covered them")
def remove_held_offsets(store, first):
    remove_held(store, first)


@change("records are removed under a hold of a time", Sees.BOTH, "were removed while the hold case-7 covered them")
def remove_held_time(store, first):
    remove_held(store, first, "-S", "2020-01-01T00:00:00Z", "-U", "2100-01-01T00:00:00Z")


# What is no damage.
change("nothing", Sees.NOBODY)(lambda store, _: None)


@change("blocks are joined", Sees.NOBODY)
def compact(store, _):
    command("store", "compact", "--store", store, days=10)


@change("a crash before the act of a hold", Sees.NOBODY)
def crash_before_act(store, _):
    note = sign(store, "wardline hold v1\nadd case-9\nreason x\nactor x\ntime 2026-11-28T00:00:00Z\noffsets 0 9\n")
    write(read(store, "holds") + note.encode(), store, "holds")


@change("a crash between a tombstone and its entry", Sees.NOBODY)
def crash_before_entry(store, _):
    tombstones(store, lambda texts: texts + replaced("time", lambda text: "2026-11-28T00:00:00Z")(texts)[-1:])


@change("a crash that cut a tombstone short", Sees.NOBODY)
def crash_in_note(store, _):
    data = read(store, TOMBSTONES)
    write(data + data[:-40], store, TOMBSTONES)


@change("a crash between the entry and the new segment", Sees.NOBODY)
def crash_before_segment(store, first):
    name = os.path.join("records", f"{0:020}.seg")
    write(read(first, name), store, name)


# -- both verifiers

def verdict(arguments):
    result = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=300)
    return result.returncode, result.stdout.decode(errors="replace")


def second_verdict(arguments):
    """Status and output of verify.py."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = verify.main(arguments)
    return status, said.getvalue()


def judge(name, sees, words, store, since=None):
    """What came out otherwise of a change."""
    more = ["--since", since] if since else []
    mine, said = second_verdict([store, *more])
    theirs, told = verdict([BINARY, "verify", "--store", store, *more])
    faults = []
    if mine != (0 if sees is Sees.NOBODY else 3) or words not in said:
        faults.append(f"{name}: verify.py has status {mine} and must say `{words}`:\n{said}")
    if theirs != (3 if sees is Sees.BOTH else 0):
        faults.append(f"{name}: expected was that {sees.value} would see it; wardline has status {theirs}:\n{told}")
    return faults


def meanwhile(young):
    """What came out otherwise of a hold that is placed while retention runs, and has read the holds."""
    store = copy_of(young, "meanwhile")
    mark = os.path.join(os.path.dirname(store), "pause")
    environment = dict(os.environ, LD_PRELOAD=SHIM, CLOCK_SHIFT=str(-20 * DAY), HOLDS_PAUSE=mark)
    hold(store, "remove", "case-7", -25, "--yes")
    run = subprocess.Popen([BINARY, "store", "retention", "--store", store, "--config", policy(store), "--yes"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    while not os.path.exists(mark) and run.poll() is None:
        time.sleep(0.02)
    environment.pop("HOLDS_PAUSE")
    placed = subprocess.run([BINARY, "hold", "add", "case-9", "--reason", "court order", "--offsets", "21..30",
                             "--store", store], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                            env=environment)
    os.remove(mark)
    run.wait()
    _, said = second_verdict([store])
    if placed.returncode == 0 and "was placed while" in said:
        return [f"a hold was placed while retention ran, and what it names was removed:\n{said}"]
    return []


def outside(store, folder):
    """What came out otherwise of a proof, a case and a head of a store from which records were removed."""
    proof, case, keys = (os.path.join(folder, name) for name in ("proof", "case", "keys"))
    shutil.copy2(os.path.join(store, "keys", "head.public"), keys)
    write(command("prove", "35", "--store", store).encode(), proof)
    command("case", "export", "INC-", case, "--store", store)
    faults = []
    for file, option, own in ((proof, "--proof", ["verify"]), (case, "--case", ["case", "verify"])):
        data = read(file)
        for place in (None, len(data) // 3, len(data) // 2):
            if place is not None:
                write(data[:place] + bytes([data[place] ^ 1]) + data[place + 1:], file)
            mine = second_verdict([option, file, "--key", keys])
            theirs = verdict([BINARY, *own, file, "--key", keys])
            # A proof that is no JSON any more is no proof to the program: status 2.
            if (mine[0] != 0, theirs[0] != 0) != (place is not None,) * 2:
                faults.append(f"{option[2:]} with byte {place}: {mine[0]} and {theirs[0]}: {mine[1]}{theirs[1]}")
    return faults


def main():
    global SHIM
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="changes whose name has this in it")
    parser.add_argument("--keep", action="store_true", help="keep the stores and say where they are")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="wardline-tampering-")
    SHIM = os.path.join(folder, "clock.so")
    faults = []
    try:
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", SHIM, os.path.join(HERE, "clock.c")], check=True)
        store, first, young = make_store(folder)
        head = os.path.join(folder, "head")
        with open(head, "w", encoding="utf-8") as file:
            file.write(list(notes_in(read(store, "journal", "heads")))[-1])
        chosen = [change for change in CHANGES if options.only in change[0]]
        for number, (name, sees, words, body) in enumerate(chosen):
            copy = copy_of(store, f"{number:02}")
            body(copy, first)
            found = judge(name, sees, words, copy)
            if "the entry of" in name and not found:
                # Who kept a head of the journal elsewhere needs nobody's word.
                found = judge(name + ", with a head", Sees.BOTH, "a head", copy, head)
            print(f"{'fault' if found else 'as said':<8}{sees.value:<17}{name}")
            faults += found
            if not options.keep:
                shutil.rmtree(copy)
        if not options.only:
            faults += outside(store, folder) + meanwhile(young)
        print(f"{len(chosen)} changes, {len(faults)} faults")
    finally:
        if options.keep:
            print(folder)
        else:
            shutil.rmtree(folder)
    print("\n".join(faults), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
