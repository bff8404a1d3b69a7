package ring

import (
	"fmt"
	"math/bits"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// Limits of a geometry. docs/limits.md explains each.
const (
	// MaxSlots is the largest number of processes, the supervisor included:
	// what the ready words of one bell have bits for.
	MaxSlots = readyWords * 64

	// LanesPerPeer is the number of lanes that one process can have open to
	// one peer: 0 for ordinary sends, 1 for replies, the rest for handles.
	LanesPerPeer = 16

	// OutboxesPerSlot is the number of a worker's incarnations whose unread
	// mail can exist at once.
	OutboxesPerSlot = 4

	// MinLaneSize and MaxLaneSize bound a lane's data in bytes.
	MinLaneSize = 4 << 10
	MaxLaneSize = 1 << 30

	// MinSlabSize and MaxSlabSize bound a slab in bytes.
	MinSlabSize = 64 << 10
	MaxSlabSize = 4 << 30

	// MinDictionarySize and MaxDictionarySize bound a dictionary in bytes.
	MinDictionarySize = 4 << 10
	MaxDictionarySize = 64 << 20
)

// Lane numbers with a fixed use.
const (
	LaneSend  = 0 // ordinary sends, under a lock of the process
	LaneReply = 1 // replies to calls
	LaneFirst = 2 // first of the lanes that handles take
)

// Geometry holds the sizes that every process of a run shares.
type Geometry struct {
	Slots          int // processes, the supervisor included
	LaneSize       int // data bytes of one lane, a power of two
	SlabSize       int // bytes of one process's slab, whole pages
	DictionarySize int // bytes of one process's dictionary, whole pages
}

// DefaultGeometry returns the usual sizes for a number of slots: lanes of 64
// KiB, smaller where all slots talking to all would need more than a gibibyte
// for lanes, slabs of 16 MiB and dictionaries of 1 MiB. All of it is sparse: a
// lane takes memory when it is opened, a slab when it is used.
func DefaultGeometry(slots int) Geometry {
	lane := 64 << 10
	for lane > MinLaneSize && slots*slots*lane > 1<<30 {
		lane /= 2
	}
	return Geometry{Slots: slots, LaneSize: lane, SlabSize: 16 << 20, DictionarySize: 1 << 20}
}

// Check reports whether the sizes are within their bounds, as an [ErrGeometry]
// that names the one that is not.
func (g Geometry) Check() error {
	check := func(what string, value, low, high int, shape bool, rule string) error {
		if value < low || value > high || !shape {
			return fmt.Errorf("%w: %s is %d, want %d … %d%s", ErrGeometry, what, value, low, high, rule)
		}
		return nil
	}
	pages := func(n int) bool { return n%pageSize == 0 }
	for _, err := range []error{
		check("number of slots", g.Slots, 2, MaxSlots, true, ""),
		check("lane size", g.LaneSize, MinLaneSize, MaxLaneSize, bits.OnesCount(uint(g.LaneSize)) == 1, ", a power of two"),
		check("slab size", g.SlabSize, MinSlabSize, MaxSlabSize, pages(g.SlabSize), ", a multiple of 4096"),
		check("dictionary size", g.DictionarySize, MinDictionarySize, MaxDictionarySize, pages(g.DictionarySize), ", a multiple of 4096"),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// InlineLimit returns the largest payload in bytes that travels inside a lane;
// larger ones go to the slab.
func (g Geometry) InlineLimit() int { return g.LaneSize / 4 }

// ChunkLimit returns the largest payload in bytes that travels in a slab;
// larger ones get a segment of their own.
func (g Geometry) ChunkLimit() int { return g.SlabSize / 4 }

// Params packs the geometry for a segment's header.
func (g Geometry) Params() [shm.ParamCount]uint64 {
	return [shm.ParamCount]uint64{uint64(g.Slots), uint64(g.LaneSize), uint64(g.SlabSize), uint64(g.DictionarySize)}
}

// GeometryFrom unpacks and checks what [Geometry.Params] packed.
func GeometryFrom(params [shm.ParamCount]uint64) (Geometry, error) {
	for _, p := range params[:4] {
		if p > shm.MaxSize {
			return Geometry{}, fmt.Errorf("%w: %d", ErrGeometry, p)
		}
	}
	g := Geometry{Slots: int(params[0]), LaneSize: int(params[1]), SlabSize: int(params[2]), DictionarySize: int(params[3])}
	return g, g.Check()
}
