package floor

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// ErrStalled reports that the other end of a loop did not answer in time.
var ErrStalled = errors.New("floor: the other end does not answer")

// ErrSize reports sizes or counts that a [Memory] cannot have.
var ErrSize = errors.New("floor: size out of bounds")

// Bounds of a [Memory].
const (
	MaxRings = 256       // rings in one memory
	MaxBlock = 256 << 20 // bytes of one slot

	ringBytes  = 64 << 10 // of a ring with small slots: what a lane has
	blockBytes = 4 << 20  // of a ring with blocks: what one receiver may hold of a slab
	blockFrom  = 4 << 10  // slots of this size and more are blocks
)

// The segment:
//
//	   0 +--------------------------------------------------+
//	     | segment header                                   |
//	 128 +--------------------------------------------------+
//	     | ping                                             |
//	 256 +--------------------------------------------------+
//	     | pong                                             |
//	 384 +--------------------------------------------------+
//	     | (unused)                                         |
//	4096 +--------------------------------------------------+
//	     | ring 0: tail, at 128 head, at 256 last, at 4096  |
//	     | the slots, to the next page                      |
//	     +--------------------------------------------------+
//	     | ring 1 …                                         |
//	     +--------------------------------------------------+
const (
	pageSize = 4096

	offPing  = shm.HeaderSize
	offPong  = offPing + shm.LineSize
	offStart = offPong + shm.LineSize
	offRings = pageSize

	ringTail = 0                // the writer stores (release)
	ringHead = shm.LineSize     // the reader stores (release)
	ringLast = 2 * shm.LineSize // the writer stores: end of the stream, plus 1
	ringData = pageSize
)

// Memory is the shared memory of the bare loops. Its methods may be called from
// any goroutine; each end of a loop belongs to one.
type Memory struct {
	segment *shm.Segment
	slot    int // bytes of a slot
	slots   int // per ring
	rings   int
}

// Create makes the memory for a number of rings with slots of size bytes,
// rounded up to a multiple of 32. It reports [ErrSize], and what [shm.Create]
// does. Nothing has memory until it is used.
func Create(rings, size int) (*Memory, error) {
	if rings < 1 || rings > MaxRings || size < 1 || size > MaxBlock {
		return nil, fmt.Errorf("%w: %d rings of slots of %d bytes, at most %d and %d", ErrSize, rings, size, MaxRings, MaxBlock)
	}
	m := &Memory{rings: rings}
	m.slot, m.slots = slotsFor(size)
	length := int64(offRings) + int64(rings)*m.ringSize()
	segment, err := shm.Create("floor", shm.Header{
		Kind: shm.KindBlob, Size: length, Params: [shm.ParamCount]uint64{uint64(rings), uint64(m.slot), uint64(m.slots)},
	})
	if err != nil {
		return nil, err
	}
	segment.Publish()
	m.segment = segment
	return m, nil
}

// slotsFor returns the size of a slot and how many a ring has: a power of two.
func slotsFor(size int) (slot, slots int) {
	slot = (size + 31) &^ 31
	total := ringBytes
	if size >= blockFrom {
		total = blockBytes
	}
	for slots = 2; 2*slots*slot <= total; slots *= 2 {
	}
	return slot, slots
}

// Open maps memory that another process created. It takes over the file, also
// when it fails. The errors are those of [shm.Open], and [ErrSize].
func Open(file *os.File) (*Memory, error) {
	segment, err := shm.Open(file, "floor", shm.KindBlob, true)
	if err != nil {
		return nil, err
	}
	p := segment.Header().Params
	m := &Memory{segment: segment, rings: int(p[0]), slot: int(p[1]), slots: int(p[2])}
	if p[0] > MaxRings || p[1] > MaxBlock || p[2] > blockBytes || segment.Header().Size < int64(offRings)+int64(m.rings)*m.ringSize() {
		segment.Close()
		return nil, fmt.Errorf("%w: %d rings of %d slots of %d bytes", ErrSize, p[0], p[2], p[1])
	}
	return m, nil
}

// File returns the descriptor, for passing on.
func (m *Memory) File() *os.File { return m.segment.File() }

// Close gives the mapping and the descriptor back. No loop may be running.
func (m *Memory) Close() { m.segment.Close() }

func (m *Memory) ringSize() int64 {
	data := int64(m.slot) * int64(m.slots)
	return ringData + (data+pageSize-1)&^(pageSize-1)
}

func (m *Memory) word(at int) *atomic.Uint64 { return shm.Uint64(m.segment.Bytes(), at) }

func (m *Memory) sleepWord(at int) *atomic.Uint32 { return shm.Uint32(m.segment.Bytes(), at) }

// Ring returns one end of a ring: both ends look alike, and a process uses it
// for writing or for reading. It panics when there is no such ring.
func (m *Memory) Ring(number int) *Ring {
	if number < 0 || number >= m.rings {
		panic(fmt.Sprintf("floor: ring %d of %d", number, m.rings))
	}
	at := offRings + number*int(m.ringSize())
	data := m.segment.Bytes()[at+ringData:]
	return &Ring{
		tail: m.word(at + ringTail), head: m.word(at + ringHead), last: m.word(at + ringLast),
		data: data[:m.slot*m.slots], slot: uint64(m.slot), mask: uint64(m.slots - 1), blocks: m.slot >= blockFrom,
	}
}

// Reset makes the memory as it was created. Nobody may be using it.
func (m *Memory) Reset() {
	m.word(offPing).Store(0)
	m.word(offPong).Store(0)
	for i := range m.rings {
		r := m.Ring(i)
		r.tail.Store(0)
		r.head.Store(0)
		r.last.Store(0)
	}
}

// spinsPerLook is how many turns of a spin loop lie between two readings of the
// clock.
const spinsPerLook = 1 << 14

// patience bounds every wait for the other end.
type patience struct {
	until time.Time
	spins int
}

func newPatience(limit time.Duration) patience { return patience{until: time.Now().Add(limit)} }

// wait is called in each turn of a spin loop; it reports false when it has
// taken too long.
func (p *patience) wait() bool {
	p.spins++
	return p.spins%spinsPerLook != 0 || time.Now().Before(p.until)
}

func stalled(what string, limit time.Duration) error {
	return fmt.Errorf("%w: %s waited %v", ErrStalled, what, limit)
}
