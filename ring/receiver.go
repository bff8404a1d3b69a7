package ring

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
)

// Receiver is the reading end of one lane. It belongs to one goroutine at a
// time.
type Receiver struct {
	// Words shared with the sender.
	tail  *atomic.Uint64 // the sender writes (release); loads here pair with it
	want  *atomic.Uint32 // the sender writes; read after head has been stored
	head  *atomic.Uint64 // this receiver writes; the sender reads it when the lane looks full
	done  *atomic.Uint64 // this receiver writes (release); read by slab, supervisor and successor
	watch *atomic.Uint32 // this receiver writes; the sender reads it after each publish
	shut  *atomic.Uint64 // closedAt, this receiver writes once

	data []byte // the sender's, read-only
	mask uint64

	pos      uint64 // the next record to read; done says the same
	limit    uint64 // tail as last seen, or closedAt
	released uint64 // what head says

	port    *Port
	inbound *inbound
	number  uint32 // in the hand word, plus 1
	lane    int
	listed  bool   // on the port's list of lanes that may hold records
	polled  bool   // watch says watchPoll
	closing bool   // closedAt is set: tail is not read again
	failed  error  // nonsense was found: the lane is quarantined
	idle    uint32 // passes in a row that found a polled lane empty
	recent  uint32 // records since this process slept
	parks   uint64 // how often it had slept when recent was counted
	record  Record // the one in hand
}

// Slot returns the sender's slot.
func (r *Receiver) Slot() int { return r.inbound.slot }

// Incarnation returns the sender's incarnation.
func (r *Receiver) Incarnation() uint32 { return r.inbound.incarnation }

// Lane returns the lane's number.
func (r *Receiver) Lane() int { return r.lane }

// Tag returns the value that the layer above attached to this sender and
// incarnation with SetTag, nil if none.
func (r *Receiver) Tag() any { return r.inbound.tag }

// SetTag attaches a value to the sender and incarnation this lane belongs to.
func (r *Receiver) SetTag(tag any) { r.inbound.tag = tag }

// Dictionary returns the first n bytes of the sender's dictionary. They belong
// to the sender: copy what is kept.
func (r *Receiver) Dictionary(n int) ([]byte, error) {
	return r.inbound.dictionary(n)
}

// empty reports whether nothing is published beyond what was read, looking at
// tail again if need be.
func (r *Receiver) empty() (bool, error) {
	if r.pos != r.limit {
		return false, nil
	}
	if r.closing {
		return true, nil
	}
	tail := r.tail.Load()
	if tail == r.pos {
		return true, nil
	}
	if tail < r.pos || tail-r.pos > uint64(len(r.data)) || tail%recordAlign != 0 {
		return true, r.corrupt("tail is %d, %d was read, the lane has %d bytes", tail, r.pos, len(r.data))
	}
	r.limit = tail
	return false, nil
}

// next reads the record at pos into rec and reports whether there was one. The
// header is copied once and then checked; the payload is not touched.
func (r *Receiver) next(rec *Record) (bool, error) {
	for {
		empty, err := r.empty()
		if empty {
			return false, err
		}
		offset := r.pos & r.mask
		header := r.data[offset : offset+HeaderSize]
		first := binary.LittleEndian.Uint64(header)
		second := binary.LittleEndian.Uint64(header[8:])

		length := int(uint32(first))
		size := uint64(recordSize(length))
		if size > r.limit-r.pos || size > uint64(len(r.data))-offset ||
			uint32(second) != uint32(r.pos/recordAlign) {
			return false, r.corrupt("record of %d bytes with stamp %d at %d, published up to %d", length, uint32(second), r.pos, r.limit)
		}
		kind := uint8(first >> 32)
		if kind == kindPad {
			r.pos += size
			continue
		}
		start := offset + HeaderSize
		rec.Meta = Meta{Type: uint16(first >> 48), Flags: uint8(first >> 40), Need: uint32(second >> 32)}
		rec.Payload = r.data[start : start+uint64(length) : start+uint64(length)]
		rec.kind = kind
		rec.end = r.pos + size
		rec.from = r
		return true, nil
	}
}

// finish marks rec as handled. The release store keeps the reads of the payload
// before it: slab chunks are free once done has passed.
func (r *Receiver) finish(rec *Record) {
	r.pos = rec.end
	storeRelease(r.done, rec.end)
}

// release gives the space of handled records back and wakes a sender that waits
// for it, once half the lane is free. The store is an exchange: it comes before
// the look at want, as the sender adds to want before it looks at head.
func (r *Receiver) release() {
	if r.released == r.pos {
		return
	}
	r.head.Store(r.pos)
	r.released = r.pos
	if r.want.Load() != 0 && r.limit-r.pos <= uint64(len(r.data))/2 {
		r.inbound.event.bump()
	}
}

// releaseSome is release for the end of a pass: for a large step, or for a
// sender that waits.
func (r *Receiver) releaseSome() {
	if r.pos-r.released >= uint64(len(r.data))/4 || r.want.Load() != 0 {
		r.release()
	}
}

// count notes that a pass took n records.
func (r *Receiver) count(n int) {
	r.idle = 0
	if parks := r.port.stats.parks.Load(); parks != r.parks {
		r.recent, r.parks = 0, parks
	}
	r.recent += uint32(n)
}

func (r *Receiver) corrupt(format string, args ...any) error {
	r.failed = fmt.Errorf("%w: lane %d from slot %d: %s", ErrCorrupt, r.lane, r.inbound.slot, fmt.Sprintf(format, args...))
	return r.failed
}

// undelivered counts the records between done and tail by walking them, and
// stops at nonsense.
func (r *Receiver) undelivered() int {
	if r.failed != nil {
		return 0
	}
	probe := *r
	probe.closing = false
	var rec Record
	n := 0
	for {
		ok, err := probe.next(&rec)
		if !ok || err != nil {
			return n
		}
		probe.pos = rec.end
		n++
	}
}
