// Package codec turns Go values into the payload of a record and back, between
// processes that share no memory but the segments they exchange records in.
//
// # Types
//
// Every message type has a [Type]: its name on the wire, its codec, its layout.
// [Register] makes one with options; [TypeFor] makes one with the defaults at
// the first use. The default codec depends on the type alone:
//
//	pointer-free (numbers, bools, arrays and structs of them)   fixed   its bytes, as they lie in memory
//	[]byte and named byte slices                                raw     its bytes
//	AppendBinary or MarshalBinary, with UnmarshalBinary         binary  what these methods say
//	everything else                                             gob     encoding/gob
//
// The wire name is the import path and the name of the type. Every program has
// a package main, so a type of package main can be matched by name only between
// processes that run one binary; [WithName] gives it a name for several.
//
// # Sender and receiver
//
// An [Encoder] writes what receivers must know about each type into a
// dictionary, an append-only piece of shared memory, the first time the type is
// used; a record carries only a [Header]: type index, flags, and how much of
// the dictionary its receiver must have read. A [Decoder] reads the dictionary
// of one incarnation of one sender and decodes its records, in any order,
// whenever it joined. For gob this removes the price of describing a type in
// every message: one gob.Encoder and one gob.Decoder live as long as the pair,
// and the descriptions go through the dictionary, once.
//
// # Trust
//
// The bytes a Decoder reads were written by a peer, which may be wrong or
// hostile and may change them while they are read. Dictionary, gob and
// compressed payloads are copied first and checked before they reach
// encoding/gob, which on its own may be led to allocate or loop without bound.
// Nonsense is [ErrCorrupt], too much is [ErrTooLarge]; neither is a panic.
// What a type's own UnmarshalBinary or GobDecode allocates is up to that type.
//
// # Limits
//
//	name of a type, codec or method signature   1,024 bytes
//	types of one sender, gob types of one       65,535 and 65,536
//	one dictionary entry                        64 KiB; a gob type of more is sent self-contained
//	dictionary                                  16 MiB, DecoderOptions.MaxDictionary
//	payload, its content, a decoded gob         256 MiB, DecoderOptions.MaxMessage
//	depth of a gob value                        10,000, at the receiver
//	a pattern                                   16 KiB
//	text of a value                             16 KiB, then it is cut
//
// # What it leaves to others
//
// Where dictionary and payloads lie, when a receiver reads them, and how a
// record is framed belongs to package ring; who sends what to whom belongs to
// package worker.
package codec
