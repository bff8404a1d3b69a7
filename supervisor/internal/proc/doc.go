// Package proc starts, pins, watches, signals and ends operating system
// processes, and passes on what they print. It is the process side of the
// supervisor and knows nothing of shared memory. Linux only.
//
// A [Spawner] owns one OS thread for its whole life, for two reasons:
//
//   - The kernel's parent death signal follows the thread that started the
//     child, not the process. With every child started from a thread that lives
//     as long as the Spawner, a child is killed when the supervisor dies, and
//     never because some thread of the Go runtime came to its end.
//   - CPU affinity is inherited over fork and exec. The thread takes on the
//     cores of the child, starts it, and takes back its own: all threads of the
//     child are on their cores from the first instruction, without a race.
//
// A [Process] is known to be dead when the kernel says so through a pidfd;
// nothing is polled, and no thread is spent on waiting. Its life has two steps:
//
//	Reaped  it is dead, its threads are gone, its status is known, its id is free
//	Done    and all that it has printed has been passed on
//
// What it promises:
//
//   - Everything a process wrote before its end reaches its [LineFunc] before
//     Done is closed.
//   - Done does not wait for strangers: a descendant that keeps the output open
//     delays it by 100 ms at most.
//   - A signal never reaches another process that was given the same id.
//
// What it leaves to others: whether and when to restart, what to do on the way
// to a kill, and how the child learns who it is.
package proc
