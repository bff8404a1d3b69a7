package ring

import (
	"encoding/binary"
	"slices"
	"sync"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// deliverLarge finds the payload that a record names and hands it on. It
// reports whether the record was taken: nonsense is not, nor is a payload that
// cannot be mapped now.
func (p *Port) deliverLarge(r *Receiver, rec *Record, handle func(*Record) error) (taken bool, err error) {
	if rec.kind != kindChunk && rec.kind != kindBlob || len(rec.Payload) != chunkRefSize {
		r.corrupt("record of kind %d with %d bytes", rec.kind, len(rec.Payload))
		return false, r.report()
	}
	where := binary.LittleEndian.Uint64(rec.Payload)
	length := binary.LittleEndian.Uint64(rec.Payload[8:])
	if rec.kind == kindBlob {
		return p.deliverBlob(r, rec, where, length, handle)
	}
	if size := uint64(p.geometry.SlabSize); where%pageSize != 0 || where >= size || length > size-where {
		r.corrupt("chunk of %d bytes at %d, the slab has %d", length, where, size)
		return false, r.report()
	}
	at := uint64(p.out.slab) + where
	rec.chunk = where
	rec.Payload = r.inbound.outbox[at : at+length : at+length]
	r.pos = rec.end
	err = handle(rec)
	return true, err
}

// deliverBlob is deliverLarge for a payload in a segment of its own, which is
// mapped for as long as the handler runs. One that is lost is reported and
// skipped.
func (p *Port) deliverBlob(r *Receiver, rec *Record, name, length uint64, handle func(*Record) error) (taken bool, err error) {
	blob, lost, err := p.fetch(r, name, length)
	if r.failed != nil {
		return false, r.report()
	}
	if err != nil {
		if lost {
			r.pos = rec.end
		}
		return lost, err
	}
	defer blob.Close()
	rec.Payload = blob.Bytes()[shm.HeaderSize:][:length:length]
	r.pos = rec.end
	err = handle(rec)
	// Not when the handler panics: the record comes again then.
	p.blobs.Drop(name, p.slot)
	return true, err
}

// Retain keeps a payload beyond the handler: a chunk of a slab stays where it
// is until release is called, anything else is copied. release may be called
// from any goroutine, more than once. A sender whose chunks are retained has
// that much less room: no receiver can hold more than a quarter of a slab, and
// one that does gets no more large payloads.
//
// Retain may be called only from within the handler of rec: the bit in shared
// memory is set before done moves.
func (p *Port) Retain(rec *Record) (payload []byte, release func()) {
	if rec.kind != kindChunk {
		return slices.Clone(rec.Payload), func() {}
	}
	in := rec.from.inbound
	key := retainKey{in.slot, in.index, int(rec.chunk / pageSize)}
	p.retainMu.Lock()
	defer p.retainMu.Unlock()
	if p.retained == nil {
		p.retained = make(map[retainKey]int)
	}
	p.retained[key]++
	in.views.Add(1)
	at, bit := p.in.retainBit(key.slot, key.index, key.page)
	shm.Uint64(p.inbox, at).Or(bit)
	return rec.Payload, sync.OnceFunc(func() { p.unretain(in, key) })
}

// retainKey names one retain bit of this process.
type retainKey struct{ slot, index, page int }

func (p *Port) unretain(in *inbound, key retainKey) {
	p.retainMu.Lock()
	defer p.retainMu.Unlock()
	in.views.Add(-1)
	if p.retained[key]--; p.retained[key] > 0 {
		return // the same chunk is retained elsewhere
	}
	delete(p.retained, key)
	at, bit := p.in.retainBit(key.slot, key.index, key.page)
	shm.Uint64(p.inbox, at).And(^bit)
	in.event.bump()
}
