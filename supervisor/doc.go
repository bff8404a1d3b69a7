// Package supervisor starts workers, each as an OS process of its own on a core
// of its own, gives them shared memory to talk through, and watches over them
// until all have ended.
//
//	func main() {
//		worker.Main()
//		supervisor.Exit(supervisor.Run(context.Background(), hello.Spec("world")))
//	}
//
// The supervisor is the parent of its workers, so it knows of a death from the
// kernel and never from a missing heartbeat; and it holds the descriptors of
// all shared memory, so that what a worker had sent survives it. It takes no
// part in the traffic: workers find each other in a table that they read from
// shared memory, and a message goes from the sender's memory to the receiver.
// With the supervisor stopped, workers go on exchanging messages.
//
// By default the first worker that fails ends the run, and Run returns its
// error with the worker's own stack. Residents end last, after they have
// handled everything that was sent to them.
//
// A [Group] starts workers without any of this: a list of processes.
package supervisor
