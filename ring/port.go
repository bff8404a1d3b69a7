package ring

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// Memory is where a port finds its peers. Its methods are called from the
// goroutine that receives and, for Inbox, from any goroutine that opens a lane.
// The slices stay mapped, read-only, until the port is closed.
type Memory interface {
	// Inbox returns the inbox of a slot, or ErrNoPeer.
	Inbox(slot int) ([]byte, error)

	// Outbox returns one of the outboxes of a slot and the incarnation that
	// writes it, or ErrNoPeer.
	Outbox(slot, index int) ([]byte, uint32, error)

	// Version changes when Outbox may find what it did not find before.
	Version() uint64
}

// Config describes a port.
type Config struct {
	Geometry Geometry
	Slot     int // of this process
	Index    int // of its outbox, below OutboxesPerSlot

	// Memory of this process, mapped for writing.
	Outbox, Inbox, Bells []byte

	// Allocate claims memory for a range of the outbox. Nil: it is there.
	Allocate func(offset, length int64) error

	Memory Memory   // of the peers
	Blobs  Blobs    // for payloads beyond the slab; nil: they are too large
	Wait   Strategy // how to wait for mail

	// Fenced makes every publish a full barrier. All ports of a run agree on
	// it: true where RegisterBarrier fails.
	Fenced bool
}

// Port is one process's access to the lanes of a run. One goroutine at a time
// may receive; every Sender belongs to one goroutine at a time; everything else
// may be called from any goroutine.
type Port struct {
	geometry Geometry
	out      outLayout
	in       inLayout
	slot     int
	index    int

	outbox, inbox, bells []byte

	allocateOutbox func(offset, length int64) error
	memory         Memory
	blobs          Blobs
	fenced         bool

	bell      *bell
	words     int // ready words in use
	state     *atomic.Uint32
	hand      *atomic.Uint64
	dictWords *atomic.Uint64
	dictRoom  int64 // bytes of the dictionary that have memory

	events events
	slab   slab

	mu    sync.Mutex
	peers []*peer // by slot, made on first use

	receiving            // used by the receiving goroutine alone
	stats     portCounts // any goroutine
}

// portCounts are this process's private counters.
type portCounts struct {
	wakes atomic.Uint64
	parks atomic.Uint64
}

// States of a worker as its inbox shows them to everybody. The owner writes
// them, after its death the supervisor.
const (
	StateNew       uint32 = iota // not connected yet
	StateConnected               // handshake done
	StateReady                   // its handlers are registered
	StateClosed                  // takes nothing more
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

// NewPort returns a port on the given memory. It neither blocks nor starts a
// goroutine.
func NewPort(c Config) (*Port, error) {
	if err := c.Geometry.Check(); err != nil {
		return nil, err
	}
	if c.Slot < 0 || c.Slot >= c.Geometry.Slots || c.Index < 0 || c.Index >= OutboxesPerSlot {
		return nil, fmt.Errorf("%w: slot %d of %d, outbox %d of %d", ErrGeometry, c.Slot, c.Geometry.Slots, c.Index, OutboxesPerSlot)
	}
	for _, m := range []struct {
		what       string
		have, need int
	}{
		{"outbox", len(c.Outbox), c.Geometry.OutboxSize()},
		{"inbox", len(c.Inbox), c.Geometry.InboxSize()},
		{"bells", len(c.Bells), c.Geometry.BellsSize()},
	} {
		if m.have < m.need {
			return nil, fmt.Errorf("%w: %s has %d bytes, needs %d", ErrGeometry, m.what, m.have, m.need)
		}
	}
	p := &Port{
		geometry: c.Geometry, out: c.Geometry.outbox(), in: c.Geometry.inbox(),
		slot: c.Slot, index: c.Index,
		outbox: c.Outbox, inbox: c.Inbox, bells: c.Bells,
		allocateOutbox: c.Allocate, memory: c.Memory, blobs: c.Blobs, fenced: c.Fenced,
		bell:      bellAt(c.Bells, c.Slot),
		words:     (c.Geometry.Slots + 63) / 64,
		state:     shm.Uint32(c.Inbox, inState),
		hand:      shm.Uint64(c.Inbox, inHand),
		dictWords: shm.Uint64(c.Outbox, outDictLength),
		peers:     make([]*peer, c.Geometry.Slots),
	}
	p.events.word = p.bell.event
	p.slab.init(p)
	p.receiving.init(c.Wait, c.Geometry.Slots)
	return p, nil
}

// Slot returns the slot of this process.
func (p *Port) Slot() int { return p.slot }

// Geometry returns the sizes of the run.
func (p *Port) Geometry() Geometry { return p.geometry }

// Close ends every wait of this process. Records are neither drained nor
// dropped by it; see [Port.Shut].
func (p *Port) Close() {
	p.events.stop()
	p.Interrupt()
}

// SetState publishes what this process is ready for, and wakes everybody who
// waits for such a change.
func (p *Port) SetState(state uint32) {
	p.state.Store(state)
	p.BumpAll()
}

// BumpAll counts an event for every slot: something changed that any process
// may be waiting for.
func (p *Port) BumpAll() {
	for slot := range p.geometry.Slots {
		bellAt(p.bells, slot).event.bump()
	}
}

// Changed returns a channel that is closed at the first event after the call:
// space, a state, the directory, somebody's new listener. Look at the condition
// after the call and before waiting.
func (p *Port) Changed() <-chan struct{} { return p.events.next() }

// Epoch returns a number that grows whenever any process begins to listen.
func (p *Port) Epoch() uint64 { return shm.Uint64(p.bells, bellEpoch).Load() }

// PeerState returns what the process in a slot is ready for.
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
// memory, [ErrNoPeer] when the slot is empty.
func (p *Port) Open(slot, lane int) (*Sender, error) {
	peer, err := p.peer(slot)
	if err != nil {
		return nil, err
	}
	peer.mu.Lock()
	defer peer.mu.Unlock()
	if s := peer.lanes[lane]; s != nil {
		return s, nil
	}
	words, data := p.out.lane(p.geometry, slot, lane)
	if err := p.allocate(words, laneWordsSize); err != nil {
		return nil, err
	}
	if err := p.allocate(data, p.geometry.LaneSize); err != nil {
		return nil, err
	}
	// The lane goes on where an earlier incarnation of this sender left it:
	// that outbox was drained, so done was its tail.
	theirs := p.in.words + p.geometry.laneNumber(p.slot, p.index, lane)*laneWordsSize
	s := &Sender{
		tail: shm.Uint64(p.outbox, words+laneTail), want: shm.Uint32(p.outbox, words+laneWant),
		head: shm.Uint64(peer.inbox, theirs+laneHead), done: shm.Uint64(peer.inbox, theirs+laneDone),
		watch: shm.Uint32(peer.inbox, theirs+laneWatch), shut: shm.Uint64(peer.inbox, theirs+laneClosedAt),
		data: p.outbox[data : data+p.geometry.LaneSize : data+p.geometry.LaneSize],
		mask: uint64(p.geometry.LaneSize) - 1, claimed: -1, fenced: p.fenced || orderedStores,
		port: p, peer: peer, lane: lane,
	}
	s.next = s.done.Load()
	s.published = s.next
	s.limit = s.head.Load() + uint64(len(s.data))
	s.tail.Store(s.next)
	// The or is a full barrier between opening and the look at the state; the
	// ending receiver stores its state, has a barrier, then reads the masks.
	peer.mask.Or(1 << lane)
	if peer.state.Load() == StateClosed {
		return nil, fmt.Errorf("%w: slot %d", ErrTerminated, slot)
	}
	peer.lanes[lane] = s
	return s, nil
}

func (p *Port) allocate(offset, length int) error {
	if p.allocateOutbox == nil {
		return nil
	}
	return p.allocateOutbox(int64(offset), int64(length))
}

// Interrupt makes the receiving goroutine return from [Port.Wait]. It may be
// called from any goroutine.
func (p *Port) Interrupt() { p.bell.ring(p.slot, p) }

// Wakes returns how many wake calls this process has made, Parks how often it
// slept.
func (p *Port) Wakes() uint64 { return p.stats.wakes.Load() }

// Parks returns how often this process slept waiting for mail.
func (p *Port) Parks() uint64 { return p.stats.parks.Load() }
