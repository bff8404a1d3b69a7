package ring

import (
	"encoding/binary"
	"fmt"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// The listen table of an inbox is append-only for one incarnation: entries of
// four bytes of length and that many bytes, the meaning of which belongs to the
// layer above. The listens word says how many bytes count, in its low half, and
// how often the table was emptied by a new incarnation, in its high half: a
// reader that finds the high half changed has copied something mixed.

// AddListen appends an entry to this process's listen table and tells everybody
// that the epoch has grown. Sends begun after it returned see the entry.
// Calls must not overlap. It reports an error that wraps [ErrFull] when the
// table's 60 KiB are used up.
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
	// The bytes come before the length; a reader loads the length first.
	word.Store(now + uint64(4+len(entry)))
	p.growEpoch()
	return nil
}

func (p *Port) growEpoch() {
	p.epoch.Add(1)
}

// listenTries is how often a reader begins again that was overtaken by a new
// incarnation; one that restarts faster than its table can be copied is lying.
const listenTries = 8

// Listens returns the entries of the listen table of the process in a slot, as
// copies. It never waits for the process. It reports [ErrNoPeer], and
// [ErrCorrupt] for a table that makes no sense.
func (p *Port) Listens(slot int) ([][]byte, error) {
	peer, err := p.peer(slot)
	if err != nil {
		return nil, err
	}
	word := shm.Uint64(peer.inbox, inListens)
	for range listenTries {
		now := word.Load()
		length := int(uint32(now))
		if length > inListenTableSize {
			return nil, fmt.Errorf("%w: listen table of slot %d says %d bytes", ErrCorrupt, slot, length)
		}
		table := copyWords(peer.inbox[inListenTable:], length)
		if word.Load()>>32 == now>>32 {
			return splitListens(table, slot)
		}
	}
	return nil, fmt.Errorf("%w: listen table of slot %d was emptied %d times while it was read", ErrCorrupt, slot, listenTries)
}

// copyWords copies n bytes that another process may be writing. The loads are
// atomic so that they come before the caller's look at whether they were: on
// arm64 a plain load may come after a later atomic one.
func copyWords(mem []byte, n int) []byte {
	out := make([]byte, (n+7)/8*8)
	for at := 0; at < n; at += 8 {
		binary.LittleEndian.PutUint64(out[at:], shm.Uint64(mem, at).Load())
	}
	return out[:n]
}

// splitListens cuts a private copy of a table into its entries.
func splitListens(table []byte, slot int) (entries [][]byte, err error) {
	for len(table) > 0 {
		if len(table) < 4 {
			return nil, fmt.Errorf("%w: listen table of slot %d is cut", ErrCorrupt, slot)
		}
		n := binary.LittleEndian.Uint32(table)
		if uint64(n) > uint64(len(table)-4) {
			return nil, fmt.Errorf("%w: listen table of slot %d has %d bytes where an entry says %d", ErrCorrupt, slot, len(table)-4, n)
		}
		entries = append(entries, table[4:4+n:4+n])
		table = table[4+n:]
	}
	return entries, nil
}
