package ring

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// Blobs keeps payloads that are too large for a slab, each in a segment of its
// own, until every receiver has handled it or ended: the supervisor does.
type Blobs interface {
	// Keep takes over a finished segment for the receivers in the given
	// slots and returns its handle; after an error the segment is still the
	// caller's. It is called before the record that names the handle is
	// published, so that neither a dead sender nor a dead receiver loses it.
	Keep(blob *shm.Segment, slots []int) (handle uint64, err error)

	// Fetch maps a kept segment read-only. An error that wraps
	// shm.ErrNoMemory means that it may work later.
	Fetch(handle uint64) (*shm.Segment, error)

	// Drop says that the receiver in a slot is done with it, or never got it.
	Drop(handle uint64, slot int)
}

func (l *Loan) makeBlob(slots []int) error {
	g := l.port.geometry
	if l.port.blobs == nil {
		return fmt.Errorf("%w: %d bytes, a slab of %d takes %d", ErrTooLarge, l.size, g.SlabSize, g.ChunkLimit())
	}
	blob, err := shm.Create("blob", shm.Header{Kind: shm.KindBlob, Size: int64(shm.HeaderSize + l.size), Owner: uint32(l.port.slot)})
	if err != nil {
		return err
	}
	if err := blob.Allocate(0, int64(len(blob.Bytes()))); err != nil {
		blob.Close()
		return err
	}
	l.blob = blob
	l.slots = slices.Clone(slots)
	l.data = blob.Bytes()[shm.HeaderSize:][:l.size:l.size]
	return nil
}

func (l *Loan) keepBlob() (err error) {
	l.blob.Publish()
	l.blob.Unmap()
	l.data = nil
	l.handle, err = l.port.blobs.Keep(l.blob, l.slots)
	l.sealed = err == nil
	return err
}

// releaseBlob closes a segment that nobody has taken over, or tells who has that
// it will not be needed by the receivers that are left.
func (l *Loan) releaseBlob() {
	if !l.sealed {
		l.blob.Close()
		return
	}
	for _, slot := range l.slots {
		l.port.blobs.Drop(l.handle, slot)
	}
	l.slots = nil
}

func (s *Sender) commitBlob(l *Loan, m Meta) error {
	if !l.sealed {
		panic("ring: CommitLoan before Seal")
	}
	ref, err := s.Claim(chunkRefSize)
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint64(ref, l.handle)
	binary.LittleEndian.PutUint64(ref[8:], uint64(l.size))
	s.commit(kindBlob, m)
	if i := slices.Index(l.slots, s.peer.slot); i >= 0 {
		l.slots = slices.Delete(l.slots, i, i+1)
	}
	return nil
}

// fetch maps the segment that a record names. lost says that there is no use in
// trying again.
func (p *Port) fetch(r *Receiver, handle, length uint64) (blob *shm.Segment, lost bool, err error) {
	if p.blobs == nil {
		return nil, false, r.corrupt("blob %d, and nobody to ask for it", handle)
	}
	blob, err = p.blobs.Fetch(handle)
	if err != nil {
		err = fmt.Errorf("ring: large payload from slot %d: %w", r.inbound.slot, err)
		return nil, !errors.Is(err, shm.ErrNoMemory), err
	}
	if size := len(blob.Bytes()) - shm.HeaderSize; size < 0 || length > uint64(size) {
		blob.Close()
		p.blobs.Drop(handle, p.slot)
		return nil, false, r.corrupt("blob of %d bytes says %d", size, length)
	}
	return blob, false, nil
}
