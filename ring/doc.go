// Package ring moves records between processes through shared memory: lanes
// that carry them, bells that say who has mail, ways of waiting, and a slab for
// payloads too large for a lane.
//
// A [Port] is one process's access to all of it. It owns an outbox, memory that
// it alone writes and its peers map read-only, and an inbox, where it notes how
// far it has read. A lane is a single-producer single-consumer byte ring in the
// sender's outbox:
//
//	 sender's outbox                        receiver's inbox
//	┌──────────────────────────────┐       ┌───────────────────────────────┐
//	│ tail   published up to here  │       │ done   handled up to here     │
//	│ want   waiting for space?    │       │ head   space given back       │
//	│ data   ┌───────────────────┐ │       │ watch  polling this lane, or  │
//	│        │ records …         │ │       │        must the sender ring?  │
//	│        └───────────────────┘ │       └───────────────────────────────┘
//	└──────────────────────────────┘
//
// A record becomes visible by one release store of tail, after its bytes. A
// sender that dies in the middle of a record has therefore published nothing,
// and a receiver never needs to repair anything.
//
// [Sender] and [Receiver] are the two ends of one lane; each belongs to one
// goroutine at a time. [Port.Receive] drains all lanes in turn, [Port.Wait]
// waits for mail with the port's [Strategy]. Nothing here knows types, names or
// supervision; package worker adds them. Two processes can use the package by
// themselves with a [Pair], see the example.
//
// The words, their offsets and the order of every load and store are in
// docs/wire-format.md.
package ring
