// Package floor measures what a machine does without any library: bare loops on
// shared memory between two processes. It is what ringmaster's figures stand
// beside, since absolute times say little on a machine that changes its state.
//
//	Ping, Pong           one cache line back and forth
//	PingSleep, PongSleep the same, asleep on a futex in between
//	Feed, Drain, Relay   single-producer single-consumer rings of small slots
//	Fill, Read           a ring of large blocks, filled whole and read whole
//	Tick, Watch          one slot at each of a series of times
//	Gob, Copy            what encoding costs without a transport
//
// A [Memory] is one segment that all processes of a measurement map for
// writing. The loops spin, allocate nothing, and end after their duration, or
// with [ErrStalled] when the other end is not there.
//
// The stores that publish are release stores in assembly, as everybody's are
// who writes such a loop in C: an XCHG, which Go's atomic store is on amd64,
// would be a floor too low to measure against.
package floor
