// Package bench measures ringmaster on the machine it runs on: between real,
// pinned processes, beside a floor of bare loops on the same memory that is
// measured right before and right after each run, so that a virtual machine
// that changes its state within a second does not decide the result.
//
// A [Scenario] is one thing that can be measured, [Options] say how, and [Run]
// does it:
//
//	parent ──starts──▶ lead ──commands──▶ process 0 ─┐ messages, through
//	   ▲                │                 process 1 ◀┘ ringmaster or bare loops
//	   └───samples──────┘◀────reports──── …
//
// The measured processes are workers, each on its core, that the lead, one more
// worker, tells what to do next: the floor, the run, the floor, the run … with
// the floor after one run being the one before the next. Every message has a
// number, and a receiver that misses one ends the measurement with
// [ErrDamaged].
//
// What is measured is the public API, as a program would use it: typed handles
// and handlers, or the raw lanes of package ring. Only scenarios about latency
// read a clock for each message.
//
// Package floor has the bare loops, machine describes the computer, report
// writes everything into a folder. The command is ringmaster bench.
package bench
