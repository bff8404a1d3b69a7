package ring

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// peer is what this process knows of another as a receiver.
type peer struct {
	slot  int
	bell  *bell
	inbox []byte
	state *atomic.Uint32
	mask  *atomic.Uint64 // lanes open to it; in this process's outbox

	mu     sync.Mutex // opening
	lanes  [LanesPerPeer]*Sender
	pinned atomic.Int64 // bytes of the slab that its unhandled records hold
}

// PeerState returns what the process in a slot is ready for, as its inbox says.
func (p *Port) PeerState(slot int) (uint32, error) {
	peer, err := p.peer(slot)
	if err != nil {
		return 0, err
	}
	return peer.state.Load(), nil
}

func (p *Port) peer(slot int) (*peer, error) {
	if slot < 0 || slot >= p.geometry.Slots {
		return nil, fmt.Errorf("%w: slot %d of %d", ErrNoPeer, slot, p.geometry.Slots)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if found := p.peers[slot]; found != nil {
		return found, nil
	}
	inbox := p.inbox
	if slot != p.slot {
		var err error
		if inbox, err = p.memory.Inbox(slot); err != nil {
			return nil, err
		}
	}
	if len(inbox) < p.geometry.InboxSize() {
		return nil, fmt.Errorf("%w: inbox of slot %d has %d bytes, needs %d", ErrCorrupt, slot, len(inbox), p.geometry.InboxSize())
	}
	made := &peer{
		slot: slot, bell: bellAt(p.bells, slot), inbox: inbox,
		state: shm.Uint32(inbox, inState),
		mask:  shm.Uint64(p.outbox, outMasks+8*slot),
	}
	p.peers[slot] = made
	return made, nil
}

// Open returns the sending end of a lane to a slot; the same one for the same
// lane. The first call claims the lane's memory. It reports [ErrTerminated]
// when the receiver takes nothing more, [shm.ErrNoMemory] when there is no
// memory, [ErrNoPeer] when the slot is empty or there is no such lane, and
// [ErrCorrupt] when the receiver's words make no sense.
func (p *Port) Open(slot, lane int) (*Sender, error) {
	peer, err := p.peer(slot)
	if err != nil {
		return nil, err
	}
	if lane < 0 || lane >= LanesPerPeer {
		return nil, fmt.Errorf("%w: lane %d of %d", ErrNoPeer, lane, LanesPerPeer)
	}
	peer.mu.Lock()
	defer peer.mu.Unlock()
	if s := peer.lanes[lane]; s != nil {
		return s, nil
	}
	s, err := p.newSender(peer, lane)
	if err != nil {
		return nil, err
	}
	// The or is a full barrier between opening and the look at the state; the
	// ending receiver stores its state, has a barrier, then reads the masks.
	peer.mask.Or(1 << lane)
	if peer.state.Load() == StateClosed {
		return nil, fmt.Errorf("%w: slot %d", ErrTerminated, slot)
	}
	peer.lanes[lane] = s
	return s, nil
}

// newSender makes the sending end of a lane. It goes on where an earlier
// incarnation of this sender left it: that outbox was drained, so done was its
// tail.
func (p *Port) newSender(peer *peer, lane int) (*Sender, error) {
	words, data := p.out.lane(p.geometry, peer.slot, lane)
	if err := p.allocate(words, laneWordsSize); err != nil {
		return nil, err
	}
	if err := p.allocate(data, p.geometry.LaneSize); err != nil {
		return nil, err
	}
	theirs := p.in.words + p.geometry.laneNumber(p.slot, p.index, lane)*laneWordsSize
	s := &Sender{
		tail: shm.Uint64(p.outbox, words+laneTail), want: shm.Uint32(p.outbox, words+laneWant),
		head: shm.Uint64(peer.inbox, theirs+laneHead), done: shm.Uint64(peer.inbox, theirs+laneDone),
		watch: shm.Uint32(peer.inbox, theirs+laneWatch), shut: shm.Uint64(peer.inbox, theirs+laneClosedAt),
		data: p.outbox[data : data+p.geometry.LaneSize : data+p.geometry.LaneSize],
		mask: uint64(p.geometry.LaneSize) - 1, claimed: -1, fenced: p.fenced,
		port: p, peer: peer, lane: lane,
	}
	done, head := s.done.Load(), s.head.Load()
	if done%recordAlign != 0 || done-head > uint64(len(s.data)) {
		return nil, fmt.Errorf("%w: slot %d says of lane %d that %d is handled, %d given back", ErrCorrupt, peer.slot, lane, done, head)
	}
	s.next, s.published = done, done
	s.limit = head + uint64(len(s.data))
	s.tail.Store(done)
	return s, nil
}

// Forget drops what is known of a slot as a receiver, so that another process
// may take the slot with memory of its own. The caller knows that the one that
// had it is gone and buried, and that nobody uses its lanes any more.
func (p *Port) Forget(slot int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slot < 0 || slot >= p.geometry.Slots || p.peers[slot] == nil {
		return
	}
	p.peers[slot].mask.Store(0)
	p.peers[slot] = nil
}
