package ring

import (
	"encoding/binary"
	"fmt"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// The listen table of an inbox is append-only for one incarnation: entries of
// four bytes of length and that many bytes, the meaning of which belongs to the
// layer above. The listens word says how many bytes count, in its low half, and
// how often the table was emptied by a new incarnation, in its high half.

// AddListen appends an entry to this process's listen table and tells everybody
// that the epoch has grown. Sends begun after it returned see the entry.
// Calls must not overlap.
func (p *Port) AddListen(entry []byte) error {
	word := shm.Uint64(p.inbox, inListens)
	now := word.Load()
	length := int(uint32(now))
	if length+4+len(entry) > inListenTableSize {
		return fmt.Errorf("%w: table of listened types, %d of %d bytes used, %d more wanted", ErrFull, length, inListenTableSize, 4+len(entry))
	}
	at := p.inbox[inListenTable+length:]
	binary.LittleEndian.PutUint32(at, uint32(len(entry)))
	copy(at[4:], entry)
	word.Store(now + uint64(4+len(entry)))
	p.growEpoch()
	return nil
}

func (p *Port) growEpoch() {
	shm.Uint64(p.bells, bellEpoch).Add(1)
}

// Listens returns the entries of the listen table of the process in a slot, as
// copies.
func (p *Port) Listens(slot int) ([][]byte, error) {
	peer, err := p.peer(slot)
	if err != nil {
		return nil, err
	}
	word := shm.Uint64(peer.inbox, inListens)
	for {
		now := word.Load()
		length := int(uint32(now))
		if length > inListenTableSize {
			return nil, fmt.Errorf("%w: listen table of slot %d says %d bytes", ErrCorrupt, slot, length)
		}
		table := make([]byte, length)
		copy(table, peer.inbox[inListenTable:])
		if word.Load()>>32 != now>>32 {
			continue // emptied by a new incarnation meanwhile
		}
		return splitListens(table, slot)
	}
}

func splitListens(table []byte, slot int) (entries [][]byte, err error) {
	for len(table) > 0 {
		if len(table) < 4 || int(binary.LittleEndian.Uint32(table)) > len(table)-4 {
			return nil, fmt.Errorf("%w: listen table of slot %d is cut", ErrCorrupt, slot)
		}
		n := int(binary.LittleEndian.Uint32(table))
		entries = append(entries, table[4:4+n])
		table = table[4+n:]
	}
	return entries, nil
}
