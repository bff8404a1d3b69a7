package bench

import (
	"encoding/binary"
	"fmt"

	"github.com/ringmaster-ipc/ringmaster/bench/floor"
	"github.com/ringmaster-ipc/ringmaster/codec"
)

// The types of message. Every message has a number: where it comes from, and
// how many came before it from there.
type (
	// fixed messages are structs: their number, a body, the number again.
	block32 struct {
		Number uint64
		Body   struct{ A, B uint64 } // like the fields of any small struct it travels in registers
		Check  uint64
	}
	block64   sized[[64/8 - 2]uint64]
	block128  sized[[128/8 - 2]uint64]
	block256  sized[[256/8 - 2]uint64]
	block512  sized[[512/8 - 2]uint64]
	block1024 sized[[1024/8 - 2]uint64]
	block4096 sized[[4096/8 - 2]uint64]

	// gobMessage is the struct of three fields that gob is measured with.
	gobMessage struct {
		Number uint64
		Name   string
		Value  float64
	}

	// packed travels compressed.
	packed []byte
)

// sized is a fixed message of 16 bytes and a body.
type sized[Body any] struct {
	Number uint64
	Body   Body
	Check  uint64
}

func init() {
	codec.Register[packed](codec.WithZstd(minPacked))
}

// minPacked is the smallest payload in bytes that is compressed.
const minPacked = 64

// gobName is the text in every gobMessage.
const gobName = "ringmaster"

func newGobMessage(number uint64) gobMessage {
	return gobMessage{Number: number, Name: gobName, Value: float64(number)}
}

func (m gobMessage) intact() bool { return m.Name == gobName && m.Value == float64(m.Number) }

// A number is the sender's index and a count; the count of the last one is
// endCount.
const (
	countBits = 48
	endCount  = 1<<countBits - 1
)

func number(index int, count uint64) uint64 { return uint64(index)<<countBits | count }

// blockFrom is the size in bytes from which a message is claimed, filled whole
// in place and read whole in place.
const blockFrom = 4096

// stamp writes the number into the first and the last bytes of a payload, and
// fills what is between if that is long. It has at least MinSize bytes.
func stamp(payload []byte, number uint64) {
	if len(payload) >= blockFrom {
		floor.Fill(payload[MinSize:len(payload)-MinSize], byte(number))
	}
	binary.LittleEndian.PutUint64(payload, number)
	if len(payload) >= 2*MinSize {
		binary.LittleEndian.PutUint64(payload[len(payload)-MinSize:], number)
	}
}

// read returns the number of a payload and reports whether it is as stamp left
// it.
func read(payload []byte) (number uint64, intact bool) {
	if len(payload) < MinSize {
		return 0, false
	}
	number = binary.LittleEndian.Uint64(payload)
	if len(payload) >= 2*MinSize && binary.LittleEndian.Uint64(payload[len(payload)-MinSize:]) != number {
		return number, false
	}
	if len(payload) >= blockFrom {
		return number, floor.Intact(payload[MinSize:len(payload)-MinSize], byte(number))
	}
	return number, true
}

// readText is read for the payloads of packer.
func readText(text packed) (number uint64, intact bool) {
	if len(text) < MinSize {
		return 0, false
	}
	return readFixed(text)
}

// compressible returns size bytes of text that zstd makes about a third of.
func compressible(size int) []byte {
	text := make([]byte, 0, size+64)
	for line := uint32(1); len(text) < size; line++ {
		text = fmt.Appendf(text, "line %d of a log: value %d, state ok\n", line, line*2654435761)
	}
	return text[:size]
}
