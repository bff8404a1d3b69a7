package shm

import (
	"encoding/binary"
	"fmt"
)

// The header at the start of every segment, little-endian. Its words never
// change after ready has been stored.
//
//	offset  0               4               8              12
//	      0 +-------------------------------+---------------+---------------+
//	        | magic                         | version       | kind          |
//	     16 +-------------------------------+---------------+---------------+
//	        | required features             | optional features             |
//	     32 +-------------------------------+---------------+---------------+
//	        | size in bytes                 | owner (slot)  | incarnation   |
//	     48 +-------------------------------+---------------+---------------+
//	        | owner's id                    | page size     | ready         |
//	     64 +-------------------------------+---------------+---------------+
//	        | eight words that the kind defines                             |
//	    128 +---------------------------------------------------------------+
//
// Required features are ones that a program must know to use the segment
// (an unknown bit is refused); optional ones may be ignored.
const (
	offMagic       = 0
	offVersion     = 8
	offKind        = 12
	offRequired    = 16
	offOptional    = 24
	offSize        = 32
	offOwner       = 40
	offIncarnation = 44
	offID          = 48
	offPageSize    = 56
	offReady       = 60
	offParams      = 64

	// HeaderSize is the number of bytes at the start of a segment that its
	// contents must leave alone.
	HeaderSize = 128

	// ParamCount is the number of words a kind may define in the header.
	ParamCount = 8
)

// The eight words must fill the header to its end.
const (
	_ = uint(HeaderSize - (offParams + 8*ParamCount))
	_ = uint((offParams + 8*ParamCount) - HeaderSize)
)

// magic reads "RINGMSTR" in memory; another byte order shows here first.
const magic = 0x5254534d474e4952

// Version is the layout version. Programs with different versions cannot share
// memory and say so with ErrVersion.
const Version = 1

// knownRequired holds the required feature bits this program understands.
const knownRequired uint64 = 0

// LineSize is the spacing in bytes of words that different processes write: two
// cache lines, since the hardware prefetcher of current x86 cores fetches lines
// in pairs and arm64 has cores with 128-byte lines.
const LineSize = 128

// Kind says what a segment holds.
type Kind uint32

// The kinds of segment.
const (
	KindDirectory Kind = iota + 1 // table of workers, written by the supervisor
	KindBells                     // who has mail, written by everybody
	KindOutbox                    // what one incarnation sends
	KindInbox                     // what one worker has received
	KindBlob                      // one payload too large for a slab
)

var kindNames = [...]string{
	KindDirectory: "directory",
	KindBells:     "bells",
	KindOutbox:    "outbox",
	KindInbox:     "inbox",
	KindBlob:      "blob",
}

// String returns the kind's name as the documentation uses it.
func (k Kind) String() string {
	if k > 0 && int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint32(k))
}

// Header is the checked copy of a segment's header.
type Header struct {
	Kind        Kind
	Size        int64  // bytes, the header included
	Owner       uint32 // slot of the process that may write
	Incarnation uint32 // of the owner
	ID          uint64 // of the owner
	Required    uint64 // feature bits a reader must know
	Optional    uint64 // feature bits a reader may ignore
	Params      [ParamCount]uint64
}

// encode writes everything except ready, which is stored last and atomically.
func (h *Header) encode(mem []byte, pageSize int) {
	le := binary.LittleEndian
	le.PutUint64(mem[offMagic:], magic)
	le.PutUint32(mem[offVersion:], Version)
	le.PutUint32(mem[offKind:], uint32(h.Kind))
	le.PutUint64(mem[offRequired:], h.Required)
	le.PutUint64(mem[offOptional:], h.Optional)
	le.PutUint64(mem[offSize:], uint64(h.Size))
	le.PutUint32(mem[offOwner:], h.Owner)
	le.PutUint32(mem[offIncarnation:], h.Incarnation)
	le.PutUint64(mem[offID:], h.ID)
	le.PutUint32(mem[offPageSize:], uint32(pageSize))
	for i, p := range h.Params {
		le.PutUint64(mem[offParams+8*i:], p)
	}
}

// decodeHeader checks a private copy of a segment's first bytes against what
// the caller knows of it: its kind and its size as the kernel states it.
func decodeHeader(b *[HeaderSize]byte, kind Kind, size int64) (Header, error) {
	le := binary.LittleEndian
	if got := le.Uint64(b[offMagic:]); got != magic {
		return Header{}, fmt.Errorf("%w: magic %#x, want %#x", ErrLayout, got, uint64(magic))
	}
	if got := le.Uint32(b[offVersion:]); got != Version {
		return Header{}, fmt.Errorf("%w: segment has version %d, this program %d", ErrVersion, got, Version)
	}
	if le.Uint32(b[offReady:]) == 0 {
		return Header{}, ErrNotReady
	}
	h := Header{
		Kind:        Kind(le.Uint32(b[offKind:])),
		Required:    le.Uint64(b[offRequired:]),
		Optional:    le.Uint64(b[offOptional:]),
		Size:        int64(le.Uint64(b[offSize:])),
		Owner:       le.Uint32(b[offOwner:]),
		Incarnation: le.Uint32(b[offIncarnation:]),
		ID:          le.Uint64(b[offID:]),
	}
	for i := range h.Params {
		h.Params[i] = le.Uint64(b[offParams+8*i:])
	}
	if h.Kind != kind {
		return Header{}, fmt.Errorf("%w: it holds %v, want %v", ErrLayout, h.Kind, kind)
	}
	if h.Size != size {
		return Header{}, fmt.Errorf("%w: header says %d bytes, the file has %d", ErrLayout, h.Size, size)
	}
	if unknown := h.Required &^ knownRequired; unknown != 0 {
		return Header{}, fmt.Errorf("%w: it requires features %#x, unknown to this program", ErrLayout, unknown)
	}
	return h, nil
}
