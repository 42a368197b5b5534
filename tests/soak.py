#!/usr/bin/env python3
"""10,000 mixed commands, 8 at a time, against a sandbox that fails at random: tests/soak.py [--commands N] [--program P]

Looks at every run: no panic, no hang, an exit status that the state and the faults can lead to, no secret in any
output, and in the end no file left behind and a state equal to the model's. Not part of tests/run: it takes minutes.
"""
import argparse, json, os, random, shutil, subprocess, sys, tempfile, threading, time

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("--commands", type=int, default=10_000)
arguments.add_argument("--workers", type=int, default=8)
arguments.add_argument("--seed", type=int, default=1)
arguments.add_argument("--program", default="target/release/supactl")
given = arguments.parse_args()

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.join(ROOT, given.program)
WORK = tempfile.mkdtemp(prefix="supactl-soak-")
# How a fault, or the breaker after several, may end a command. A 5xx counts as the service's, 429 as the limit's.
FAULTY = {1, 7, 8}
FAULTS = ["503%4@GET /", "429%3@GET /", "500%2@GET /", "429%3@POST /", "503%2@POST /", "503%2@PUT /", "502%2@DELETE /"]
TOKEN_FILE = os.path.join(WORK, "told")


def environment(worker):
    home = os.path.join(WORK, f"home-{worker}")
    os.makedirs(home, exist_ok=True)
    told = TOLD
    return {"HOME": home, "PATH": os.environ["PATH"], "SUPACTL_API_URL": told["api_url"], "SUPACTL_PROJECT_URL": told["project_url"],
            "SUPABASE_ACCESS_TOKEN": told["access_token"], "SUPABASE_PROJECT_ID": told["project"],
            # One cache for all of them, so that what one writes the others must see.
            "SUPACTL_CACHE_DIR": os.path.join(WORK, "cache"), "SUPACTL_CONFIG_DIR": os.path.join(WORK, "config"), "TZ": "UTC", "NO_COLOR": "1"}


serve = subprocess.Popen(
    [PROGRAM, "sandbox", "serve", "-o", "ndjson", *(part for fault in FAULTS for part in ("--fault", fault))],
    env={"HOME": WORK, "PATH": os.environ["PATH"], "SUPACTL_STATE_DIR": os.path.join(WORK, "state")},
    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
TOLD = json.loads(serve.stdout.readline())

problems, ended, durations, lock = [], {}, [], threading.Lock()


def problem(words, why, run=None):
    with lock:
        problems.append(f"supactl {' '.join(words)}: {why}" + (f"\n{run.stdout[-600:]}\n{run.stderr[-600:]}" if run else ""))


def supactl(worker, words, expected):
    """Runs it, checks what holds of every run, and says whether it succeeded."""
    started = time.monotonic()
    try:
        run = subprocess.run([PROGRAM, *words], env=environment(worker), cwd=os.path.join(WORK, f"home-{worker}"), stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=150)
    except subprocess.TimeoutExpired:
        problem(words, "it hung")
        return None
    with lock:
        durations.append(time.monotonic() - started)
        ended[run.returncode] = ended.get(run.returncode, 0) + 1
    if run.returncode not in expected | FAULTY:
        problem(words, f"status {run.returncode}, not one of {sorted(expected | FAULTY)}", run)
    if "error[internal]" in run.stderr or "panicked" in run.stderr:
        problem(words, "it failed inside", run)
    if TOLD["access_token"] in run.stdout + run.stderr or "sb_secret_" in run.stdout + run.stderr:
        problem(words, "a secret came out")
    if (run.returncode != 0) != any(line.startswith("error[") for line in run.stderr.splitlines()):
        problem(words, "the error and the status disagree", run)
    if "-o" in words and words[words.index("-o") + 1] == "json":
        try:
            envelope = json.loads(run.stdout)
            if envelope["success"] != (run.returncode == 0):
                problem(words, "`success` and the status disagree", run)
            return envelope if run.returncode == 0 else None
        except ValueError:
            problem(words, "no envelope", run)
            return None
    return run.returncode == 0 or None


def work(worker, count):
    """One person's buckets, and a model of them. Nobody else touches these names."""
    dice = random.Random(given.seed * 1000 + worker)
    model = MODELS[worker]
    names = [f"w{worker}-{letter}" for letter in "abcdef"]
    for _ in range(count):
        name = dice.choice(names)
        doing = dice.randrange(12)
        if doing <= 2:
            public = dice.random() < 0.5
            if supactl(worker, ["storage", "buckets", "create", name, *(["--public"] if public else [])], {6} if name in model else {0}):
                if name in model:
                    problem(["create", name], "it was there already")
                model[name] = public
            else:
                settle(worker, name)
        elif doing == 3:
            public = dice.random() < 0.5
            if supactl(worker, ["storage", "buckets", "update", name, "--public" if public else "--private"], {0} if name in model else {5}):
                model[name] = public
            else:
                settle(worker, name)
        elif doing <= 5:
            if supactl(worker, ["storage", "buckets", "delete", name, "--yes"], {0} if name in model else {5}):
                model.pop(name, None)
            else:
                settle(worker, name)
        elif doing == 6:
            found = supactl(worker, ["storage", "buckets", "get", name, "-o", "json"], {0} if name in model else {5})
            if found and (name not in model or found["data"]["public"] != model[name]):
                problem(["get", name], f"{found['data']} is not {model.get(name)}: a stale answer")
        elif doing == 7:
            found = supactl(worker, ["storage", "buckets", "list", "--search", f"w{worker}-", "-o", "json"], {0})
            if found:
                seen = {bucket["id"]: bucket["public"] for bucket in found["data"]}
                if seen != model:
                    problem(["list"], f"{seen} is not {model}: a stale answer")
        else:
            words, expected = dice.choice(OTHERS)
            supactl(worker, words.split(), expected)


def settle(worker, name):
    """After a write that failed, what is there is looked up rather than guessed."""
    for _ in range(20):
        run = subprocess.run([PROGRAM, "storage", "buckets", "get", name, "-o", "json", "--no-cache"], env=environment(worker), stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=150)
        if run.returncode == 0:
            MODELS[worker][name] = json.loads(run.stdout)["data"]["public"]
            return
        if run.returncode == 5:
            MODELS[worker].pop(name, None)
            return
    problem(["get", name], "it could not be looked up in 20 tries")


# Commands without a model, with the statuses that they may end with.
OTHERS = [
    ("projects list", {0}), ("projects list -o json", {0}), ("projects get -o yaml", {0}), ("orgs list -o csv", {0}), ("orgs get acme", {0}),
    ("orgs get nobody", {4, 5}), ("whoami -o json", {0}), ("projects get -p acme-shop-staging", {0}), ("storage buckets list -p acme-shop-staging", {6}),
    ("storage buckets delete avatars", {3}), ("storage buckets create a/b", {2}), ("projects list -o xml", {2}), ("nonsense", {2}),
    ("storage buckets create dry --dry-run -o json", {0}), ("functions list", {0}), ("secrets list -o json", {0}), ("api-keys list", {0}),
    ("branches list", {0}), ("auth jwt list", {0}), ("auth sso list", {0}), ("auth providers list -o ndjson", {0}), ("auth service get -o json", {0}),
    ("logs functions list --limit 5", {0}), ("logs api list --limit 5 -o json", {0}), ("monitor health", {0, 9}), ("help exit-codes", {0}), ("--version", {0}),
    ("api GET /v1/projects/{ref}/storage/buckets", {0}), ("api GET /v1/nowhere", {5}), ("completions bash", {0}),
]

MODELS = [dict() for _ in range(given.workers)]
started = time.monotonic()
try:
    threads = [threading.Thread(target=work, args=(worker, given.commands // given.workers)) for worker in range(given.workers)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    for worker in range(given.workers):
        for name in [f"w{worker}-{letter}" for letter in "abcdef"]:
            before = MODELS[worker].get(name)
            settle(worker, name)
            if MODELS[worker].get(name) != before:
                problem(["get", name], f"in the end {MODELS[worker].get(name)}, by the model {before}")
        left = [entry for entry in os.listdir(os.path.join(WORK, f"home-{worker}"))]
        if left:
            problem([], f"left in the working folder: {left}")
    for folder, _, files in os.walk(os.path.join(WORK, "cache")):
        for file in files:
            text = open(os.path.join(folder, file), "rb").read()
            if TOLD["access_token"].encode() in text or b"sb_secret_" in text:
                problem([], f"a secret is in {os.path.join(folder, file)}")
finally:
    serve.terminate()
    serve.wait()
    shutil.rmtree(WORK, ignore_errors=True)

durations.sort()
print(f"{len(durations)} commands in {time.monotonic() - started:.0f} s, median {durations[len(durations) // 2] * 1000:.1f} ms, longest {durations[-1]:.1f} s")
print("statuses: " + ", ".join(f"{status}: {count}" for status, count in sorted(ended.items())))
for text in problems[:20]:
    print(f"\nPROBLEM {text}")
print(f"{len(problems)} problems")
sys.exit(1 if problems else 0)
