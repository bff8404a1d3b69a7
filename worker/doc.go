// Package worker is what a program that runs as a ringmaster worker uses: it
// defines what to run, receives and sends typed messages, finds other workers
// by name, prints and asks for input through the supervisor.
//
// A worker is one OS process. Define gives what it does a name; Main, called
// first in main, runs it in the processes that the supervisor started:
//
//	var hello = worker.Define("hello", func(ctx context.Context, w *worker.Worker, who string) error {
//		w.Printf("hello, %s, from core %d", who, w.Core())
//		return nil
//	})
//
//	func main() {
//		worker.Main() // in a child: runs the worker and exits
//		supervisor.Exit(supervisor.Run(context.Background(), hello.Spec("world")))
//	}
//
// Messages are values of any Go type. On registers the handler for a type,
// Listen one for copies of what is sent to others, and Serve runs them, one at
// a time, on the goroutine that calls it: handlers need no locks among
// themselves. Send works from any goroutine. A message goes from the sender's
// memory straight to the receiver, through no third process.
//
// What a received []byte points at is the sender's memory, mapped read-only and
// valid until the handler returns; see Worker.Retain.
//
// Names whose documentation says that they are used by package supervisor are
// what the two packages share, and no part of the API for programs.
package worker
