package ring

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// Memory is where a port finds its peers. Outbox and Version are called from
// the goroutine that receives, Version often; Inbox from any goroutine that
// opens a lane. A slice stays mapped, read-only, until the port is closed or
// a [Recycler] was told that it is not needed any more.
type Memory interface {
	// Inbox returns the inbox of a slot, or ErrNoPeer.
	Inbox(slot int) ([]byte, error)

	// Outbox returns one of the outboxes of a slot and the incarnation that
	// writes it, or ErrNoPeer. A port asks once for each that it finds, and
	// Bury once for each that there is.
	Outbox(slot, index int) ([]byte, uint32, error)

	// Version changes when Outbox may answer differently than before.
	Version() uint64
}

// Recycler is what a [Memory] implements whose outboxes come and go. Without it
// an outbox, once found, is read until the port is closed. Both methods are
// called from the goroutine that receives.
type Recycler interface {
	// Incarnation returns which incarnation writes the outbox that Outbox
	// would return now, 0 for none. It maps nothing.
	Incarnation(slot, index int) uint32

	// Release says that the port will not touch the outbox of an incarnation
	// again: the memory has named another one in its place, or none, all its
	// mail was handled, and nothing of it is retained.
	Release(slot, index int, incarnation uint32)
}

// noPeers is the Memory of a port that was given none.
type noPeers struct{}

func (noPeers) Inbox(int) ([]byte, error)               { return nil, ErrNoPeer }
func (noPeers) Outbox(int, int) ([]byte, uint32, error) { return nil, 0, ErrNoPeer }
func (noPeers) Version() uint64                         { return 0 }

// Config describes a port.
type Config struct {
	Geometry Geometry
	Slot     int // of this process
	Index    int // of its outbox, below OutboxesPerSlot

	// Memory of this process, mapped for writing.
	Outbox, Inbox, Bells []byte

	// Allocate claims memory for a range of the outbox. Nil: it is there.
	Allocate func(offset, length int64) error

	Memory Memory   // of the peers; nil: there are none
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
	recycler       Recycler // nil: outboxes stay
	blobs          Blobs
	fenced         bool

	bell        *bell
	words       int // ready words in use
	state       *atomic.Uint32
	hand        *atomic.Uint64
	waits       *atomic.Uint32 // class of the last sleep; this process writes, the watcher reads
	suspectWord *atomic.Uint64
	deaths      *atomic.Uint32
	dictWords   *atomic.Uint64
	epoch       *atomic.Uint64 // of listening; everybody adds and reads
	dictRoom    int64          // bytes of the dictionary that have memory

	events events
	space  spaceSpin
	slab   slab

	mu    sync.Mutex
	peers []*peer // by slot, made on first use

	retainMu sync.Mutex
	retained map[retainKey]int // how many views of a chunk are kept

	receiving            // used by the receiving goroutine alone
	stats     portCounts // any goroutine
}

// portCounts are this process's private counters.
type portCounts struct {
	wakes atomic.Uint64
	parks atomic.Uint64
	late  atomic.Uint64 // waits in Until that no event ended
}

// States of a worker as its inbox shows them to everybody. The owner writes
// them, after its death the supervisor.
const (
	StateNew       uint32 = iota // not connected yet
	StateConnected               // handshake done
	StateReady                   // its handlers are registered
	StateClosed                  // takes nothing more
)

// NewPort returns a port on the given memory. It neither blocks nor starts a
// goroutine. The errors are [ErrGeometry] for sizes that do not fit.
func NewPort(c Config) (*Port, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Memory == nil {
		c.Memory = noPeers{}
	}
	p := newPort(c)
	p.outbox = c.Outbox
	p.dictWords = shm.Uint64(c.Outbox, outDictLength)
	p.epoch = shm.Uint64(c.Bells, bellEpoch)
	p.dictRoom = int64(pages(int(p.dictWords.Load())))
	p.peers = make([]*peer, c.Geometry.Slots)
	p.events.word = p.bell.event
	p.slab.init(p)
	p.bell.awake() // a predecessor may have died asleep
	return p, nil
}

// newPort returns a port that can receive and not send.
func newPort(c Config) *Port {
	p := &Port{
		geometry: c.Geometry, out: c.Geometry.outbox(), in: c.Geometry.inbox(),
		slot: c.Slot, index: c.Index,
		inbox: c.Inbox, bells: c.Bells,
		allocateOutbox: c.Allocate, memory: c.Memory, blobs: c.Blobs, fenced: c.Fenced,
		bell:        bellAt(c.Bells, c.Slot),
		words:       (c.Geometry.Slots + 63) / 64,
		state:       shm.Uint32(c.Inbox, inState),
		hand:        shm.Uint64(c.Inbox, inHand),
		waits:       shm.Uint32(c.Inbox, inWaits),
		suspectWord: shm.Uint64(c.Inbox, inSuspect),
		deaths:      shm.Uint32(c.Inbox, inDeaths),
	}
	p.recycler, _ = c.Memory.(Recycler)
	p.version = c.Memory.Version()
	p.receiving.init(c.Wait, c.Geometry.Slots)
	return p
}

func (c *Config) check() error {
	if err := c.Geometry.Check(); err != nil {
		return err
	}
	if c.Slot < 0 || c.Slot >= c.Geometry.Slots || c.Index < 0 || c.Index >= OutboxesPerSlot {
		return fmt.Errorf("%w: slot %d of %d, outbox %d of %d", ErrGeometry, c.Slot, c.Geometry.Slots, c.Index, OutboxesPerSlot)
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
			return fmt.Errorf("%w: %s has %d bytes, needs %d", ErrGeometry, m.what, m.have, m.need)
		}
	}
	return nil
}

// Slot returns the slot of this process.
func (p *Port) Slot() int { return p.slot }

// Geometry returns the sizes of the run.
func (p *Port) Geometry() Geometry { return p.geometry }

// Close ends every wait of this process: Until and Publish report [ErrClosed],
// Wait returns once. Records are neither drained nor dropped by it; see
// [Port.Shut]. It may be called from any goroutine, more than once.
func (p *Port) Close() {
	p.Interrupt()
	p.events.stop()
}

// Interrupt makes the receiving goroutine return from [Port.Wait], or from its
// next call. It may be called from any goroutine.
func (p *Port) Interrupt() { p.bell.ring(p.slot, p) }

// SetState publishes what this process is ready for, and wakes everybody who
// waits for such a change.
func (p *Port) SetState(state uint32) {
	p.state.Store(state)
	p.BumpAll()
}

// BumpAll counts an event for every slot: something changed that any process
// may be waiting for. It is one system call per slot.
func (p *Port) BumpAll() {
	for slot := range p.geometry.Slots {
		eventAt(p.bells, slot).bump()
	}
}

// Changed returns a channel that is closed at the first event after the call:
// space, a state, the directory, somebody's new listener. Look at the condition
// after the call and before waiting.
func (p *Port) Changed() <-chan struct{} { return p.events.next() }

// Epoch returns a number that grows whenever any process begins to listen.
func (p *Port) Epoch() uint64 { return p.epoch.Load() }

// Wakes returns how many wake calls this process has made for mail.
func (p *Port) Wakes() uint64 { return p.stats.wakes.Load() }

// Parks returns how often this process slept waiting for mail.
func (p *Port) Parks() uint64 { return p.stats.parks.Load() }

func (p *Port) allocate(offset, length int) error {
	if p.allocateOutbox == nil {
		return nil
	}
	return p.allocateOutbox(int64(offset), int64(length))
}
