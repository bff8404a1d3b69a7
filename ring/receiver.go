package ring

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
)

// Receiver is the reading end of one lane. It belongs to the goroutine that
// receives.
type Receiver struct {
	// Words shared with the sender.
	tail  *atomic.Uint64 // the sender writes (release); loads here pair with it
	want  *atomic.Uint32 // the sender writes; read after head has been stored
	head  *atomic.Uint64 // this receiver writes; the sender reads it when the lane looks full
	done  *atomic.Uint64 // this receiver writes (release); read by slab, supervisor and successor
	watch *atomic.Uint32 // this receiver writes; the sender reads it after each publish
	shut  *atomic.Uint64 // closedAt, this receiver writes

	data []byte // the sender's, read-only
	mask uint64

	pos      uint64 // the next record to read
	handled  uint64 // what done says: pos, or less while a record is in hand
	limit    uint64 // tail as last seen, or closedAt
	released uint64 // what head says

	port     *Port
	inbound  *inbound
	number   uint32 // in the hand word, plus 1
	lane     int
	busy     int    // passes over this lane: more than one when a handler takes replies
	listed   bool   // on the port's list of lanes that may hold records
	polled   bool   // watch says watchPoll
	closing  bool   // closedAt is set: tail is not read again
	owing    bool   // a sender waits that was not woken because the lane is too full
	failed   error  // nonsense was found: the lane is quarantined
	reported bool   // and somebody has been told
	idle     uint32 // passes in a row that found a polled lane empty
	recent   uint32 // records since this process slept
	parks    uint64 // how often it had slept when recent was counted
	record   Record // the one in hand
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

// Dictionary returns the first n bytes of the sender's dictionary, all of it
// for a negative n. They lie in the sender's memory: copy what is kept. It
// reports [ErrCorrupt] when the dictionary is shorter, or says that it is
// longer than it can be.
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
	if !r.plausible(tail) {
		return true, r.corrupt("tail is %d, %d was read, the lane has %d bytes", tail, r.pos, len(r.data))
	}
	r.limit = tail
	return false, nil
}

// plausible reports whether a tail can be: not behind what was read, not more
// than the lane ahead of what was handled, at a record's boundary.
func (r *Receiver) plausible(tail uint64) bool {
	return tail-r.pos <= uint64(len(r.data)) && tail-r.handled <= uint64(len(r.data)) && tail%recordAlign == 0
}

// next reads the record at pos into rec and reports whether there was one. The
// header is copied once and then checked; the payload is not touched. pos stays
// where it is.
func (r *Receiver) next(rec *Record) (bool, error) {
	empty, err := r.empty()
	if empty {
		return false, err
	}
	at := r.pos
	first, second := r.header(at)
	if uint8(first>>32) == kindPad {
		// Padding reaches to the end of the lane and is published together
		// with the record behind it.
		size := uint64(recordSize(int(uint32(first))))
		if size >= r.limit-at || (at+size)&r.mask != 0 || uint32(second) != stamp(at) {
			return false, r.corrupt("padding of %d bytes with stamp %d at %d, published up to %d", size, uint32(second), at, r.limit)
		}
		at += size
		first, second = r.header(at)
	}
	length := uint64(uint32(first))
	size := uint64(recordSize(int(length)))
	offset := at & r.mask
	if size > r.limit-at || size > uint64(len(r.data))-offset || uint32(second) != stamp(at) {
		return false, r.corrupt("record of %d bytes with stamp %d at %d, published up to %d", length, uint32(second), at, r.limit)
	}
	start := offset + HeaderSize
	rec.Meta = Meta{Type: uint16(first >> 48), Flags: uint8(first >> 40), Need: uint32(second >> 32)}
	rec.Payload = r.data[start : start+length : start+length]
	rec.Deaths = 0
	rec.kind = uint8(first >> 32)
	rec.at, rec.end = at, at+size
	return true, nil
}

// header copies the two words of the header at a position, each by one load.
func (r *Receiver) header(at uint64) (first, second uint64) {
	offset := at & r.mask
	header := r.data[offset : offset+HeaderSize]
	return binary.LittleEndian.Uint64(header), binary.LittleEndian.Uint64(header[8:])
}

// handle notes that everything read so far has been handled, unless a record of
// this lane is in hand up the stack. The release store keeps the reads of
// payloads before it: slab chunks are free once done has passed.
func (r *Receiver) handle(outer int) {
	if outer == 0 {
		r.handled = r.pos
		storeRelease(r.done, r.handled)
	}
}

// release gives the space of handled records back and wakes a sender that waits
// for it. The store is an exchange: it comes before the look at want, as the
// sender adds to want before it looks at head and done.
//
// A sender is woken once half the lane is free, so that it is not woken for
// every record; force wakes it in any case, which whoever stops reading the
// lane for a while must do.
func (r *Receiver) release(force bool) {
	if r.released != r.handled {
		r.head.Store(r.handled)
		r.released = r.handled
		r.owing = true
	}
	if !r.owing {
		return
	}
	switch {
	case r.want.Load() == 0:
		r.owing = false
	case force || r.limit-r.handled <= uint64(len(r.data))/2:
		r.owing = false
		r.inbound.event.bump()
	}
}

// releaseSome is release for the end of a pass: for a large step, or for a
// sender that waits.
func (r *Receiver) releaseSome() {
	if r.handled-r.released >= uint64(len(r.data))/4 || r.want.Load() != 0 {
		r.release(false)
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

// corrupt quarantines the lane. Its sender is told as if the receiver had
// ended, so that it does not wait for ever for room that nobody makes.
func (r *Receiver) corrupt(format string, args ...any) error {
	if r.failed != nil {
		return r.failed
	}
	r.failed = fmt.Errorf("%w: lane %d from slot %d: %s", ErrCorrupt, r.lane, r.inbound.slot, fmt.Sprintf(format, args...))
	r.limit, r.closing = r.pos, true
	r.watch.Store(watchClosed)
	r.shut.Store(r.pos + 1) // what is in hand will have been handled
	r.inbound.event.bump()
	return r.failed
}

// report returns what corrupt found, once.
func (r *Receiver) report() error {
	if r.reported {
		return nil
	}
	r.reported = true
	return r.failed
}

// undelivered counts the records from pos to limit by walking them, and stops
// at nonsense. A closing lane has at most its size of them.
func (r *Receiver) undelivered() (n int) {
	var rec Record
	for {
		ok, err := r.next(&rec)
		if !ok || err != nil {
			return n
		}
		r.pos = rec.end
		n++
	}
}
