// Command ringmaster-peers measures other ways in which two Go processes can
// exchange messages, so that "ringmaster bench compare" can put them beside
// ringmaster. It is a module of its own: what it measures are dependencies that
// the library must not have.
//
//	ringmaster-peers list [--json]
//	ringmaster-peers run --peer NAME --scenario rtt|stream|large [--size N]
//	        [--duration D] [--runs R] [--cores A,B] [--json]
//
// Each run starts two processes, both this program again, one pinned to each
// core. One serves; the other is the client, and measures: round trips one after
// the other (rtt), or messages one way until the server has handled the last of
// them (stream and large, the second with payloads that are filled and read in
// full). Every message carries a number and a pattern that the other side
// checks. Abstract socket addresses are used throughout: no file is made.
//
// "run --json" prints one object with the fields of a ringmaster benchmark
// result, "list --json" one object per peer: its name, version and how it is
// used, or why it is absent. The exit status is 2 for wrong arguments and 1 when
// a peer could not be measured.
package main
