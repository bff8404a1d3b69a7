package ring

// Every record in a lane begins with 16 bytes, at a multiple of 16, and never
// wraps around the end of the lane:
//
//	 0               4       5       6               8
//	+---------------+-------+-------+---------------+
//	| length        | kind  | flags | type          |
//	+---------------+-------+-------+---------------+
//	| stamp         | need                          |
//	+---------------+-------------------------------+
//
// length counts the payload's bytes without the padding to the next multiple of
// 16. stamp is the record's position in the lane divided by 16, cut to 32 bits:
// a record that was not written for this place in this round is found out by
// it. type, flags and need belong to the layer above: the type's index in the
// sender's dictionary and how much of the dictionary must be read first.
const (
	// HeaderSize is what a record costs in a lane besides its payload.
	HeaderSize = 16

	recordAlign = 16
)

// Kinds of record as they stand in a header.
const (
	kindPad   = 1 // nothing: skip to the end of the lane
	kindData  = 2 // the payload follows
	kindChunk = 3 // the payload lies in the sender's slab: offset, length
	kindBlob  = 4 // the payload lies in a segment of its own: handle, length
)

// chunkRefSize is the payload of kindChunk and kindBlob: two words.
const chunkRefSize = 16

// Meta is what the layer above keeps in a record's header. The zero value is a
// plain record.
type Meta struct {
	Type  uint16 // index into the sender's dictionary
	Flags uint8  // bits of the layer above
	Need  uint32 // bytes of the sender's dictionary needed to read the payload
}

// Record is one received record. It is valid until the function it was handed
// to returns.
type Record struct {
	Meta
	// Payload lies in memory of the sender, which may change it: read each
	// byte once. It is mapped read-only; writing to it is a fault.
	Payload []byte

	// Deaths is how many receivers died with this record in hand, 0 nearly
	// always. See [Port.Resume].
	Deaths uint32

	kind  uint8
	chunk uint64 // offset in the sender's slab, for kindChunk
	at    uint64 // position of the record
	end   uint64 // position after it
	from  *Receiver
}

// From returns the receiving end of the lane that the record came through.
func (r *Record) From() *Receiver { return r.from }

// recordSize returns what a payload of n bytes takes in a lane.
func recordSize(n int) int {
	return HeaderSize + (n+recordAlign-1)&^(recordAlign-1)
}

// The two words of a header, packed so that each is one store.
func packFirst(length int, kind uint8, m Meta) uint64 {
	return uint64(uint32(length)) | uint64(kind)<<32 | uint64(m.Flags)<<40 | uint64(m.Type)<<48
}

func packSecond(position uint64, need uint32) uint64 {
	return uint64(stamp(position)) | uint64(need)<<32
}

// stamp returns the mark of a record at a position.
func stamp(position uint64) uint32 { return uint32(position / recordAlign) }
