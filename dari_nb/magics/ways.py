"""What people do with a tape and with a batch, from the first step on, a line each."""

from __future__ import annotations

_TAPE = """\
From the first recording to the lesson, in this order:
  record   %dari tape lesson.tape, or d = dari.connect("local", tape="lesson.tape"), and then ask
  change   edit a question, and run its session again from the first cell (Restart and Run All):
           recorded turns play, and new ones are asked live and recorded. A single %dari_send run
           again is a further turn of the session. An agent whose code changed plays as before; ask
           it again with d = dari.connect("local", tape=dari.Tape("lesson.tape", mode="record")).
           git diff shows what changed on the tape
  marks    a line of the file in front of the answer stops there, and asks those who watch:
           {"mark": "a guess", "ask": "What will it do?"}, in Markdown; without ask it is a
           chapter: {"mark": "the second try"} is a place to go to, and nothing stops there
  view     %dari tape lesson.tape --view, or tape.view(): a player, which records nothing
  to_html  tape.to_html("lesson.html", title="Closures"): the player in a page of its own
  answers  tape.answers(): what people expected at the questions, a row each
  check    in a terminal, dari-local tape check lesson.tape: is it whole? --live asks all of it
           again
tape is dari.Tape("lesson.tape"); %dari help Tape.view tells more of one step."""

_BATCH = """\
In Python (batch = d.batches.run("calculator", tasks, llms=["small", "large"], repeats=3)):
  plan             dry_run=True, or batch.plan(): the cost, and what so many tasks can show
  max_cost=0.50    stops sending there, in US dollars
  resume           batch.resume(max_cost=1): sends what that has left out
  view             batch.view(): a row a task. Its field finds, such as exact = no llm = small;
                   Blind hides who answered, 1 to 5 rates, 0 takes it back; batch.selection is what
                   is selected there
  judge            batch.judge("helpful", rubric="…"): an agent scores each answer, blind
  sample           batch.sample(20): answers to be rated by hand, blind
  agreement        dari.scores.agreement(batch, "judge.helpful", "rating"): do the two say the same
  calibrated       dari.scores.calibrated(batch, "judge.helpful"): the mean that people would give
  trajectories     batch.trajectories(3): the tool calls of a task's runs, and where they diverge
  compare_batches  dari.compare_batches(old, new): two days side by side"""

WAYS = {"tape": _TAPE, "batch": _BATCH}
"""What people do, by topic."""
