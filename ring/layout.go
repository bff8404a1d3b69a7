package ring

import "github.com/ringmaster-ipc/ringmaster/shm"

// pageSize is the unit in which layouts are cut. It is a constant of the format
// and not the machine's page size, so that layouts agree everywhere; larger
// machine pages only make allocation coarser.
const pageSize = 4096

const lineSize = shm.LineSize

// The outbox: everything one incarnation writes for others.
//
//	    0 +--------------------------------------------------------------+
//	      | segment header                                               |
//	  128 +--------------------------------------------------------------+
//	      | dictionary length (bytes, published)                         |
//	 4096 +--------------------------------------------------------------+
//	      | per peer: 8 bytes, mask of the lanes open to it              |
//	pages +--------------------------------------------------------------+
//	      | lane words: [lane][peer], 256 bytes each (below)             |
//	pages +--------------------------------------------------------------+
//	      | dictionary                                                   |
//	pages +--------------------------------------------------------------+
//	      | slab                                                         |
//	pages +--------------------------------------------------------------+
//	      | lane data: [lane][peer], LaneSize bytes each                 |
//	      +--------------------------------------------------------------+
//
// Lane words in the outbox, each on lines of its own:
//
//	  0  tail  uint64  sender publishes, receiver reads
//	128  want  uint32  number of goroutines of the sender that wait for space
//
// Lanes of one number lie side by side for all peers, so that a process with
// one lane to each of 200 peers touches few pages.
const (
	outDictLength = shm.HeaderSize
	outMasks      = pageSize

	laneTail      = 0
	laneWant      = lineSize
	laneWordsSize = 2 * lineSize
)

// The inbox: everything one worker writes about what it receives. It survives
// the worker's restarts.
//
//	    0 +--------------------------------------------------------------+
//	      | segment header                                               |
//	  128 +--------------------------------------------------------------+
//	      | state uint32                                                 |
//	      | waits uint32: for what mail the last sleep was               |
//	  256 +--------------------------------------------------------------+
//	      | hand uint64: the record in hand                              |
//	      | suspect uint64: the record that receivers died with          |
//	      | deaths uint32: how many in a row                             |
//	  384 +--------------------------------------------------------------+
//	      | listens uint64: reset count and bytes of the listen table    |
//	 4096 +--------------------------------------------------------------+
//	      | listen table, 60 KiB                                         |
//	65536 +--------------------------------------------------------------+
//	      | retain bits: [peer][outbox], one per slab page               |
//	pages +--------------------------------------------------------------+
//	      | lane words: [outbox][lane][peer], 256 bytes each (below)     |
//	      +--------------------------------------------------------------+
//
// Lane words in the inbox:
//
//	  0  head      uint64  space given back to the sender
//	  8  done      uint64  handled; where a successor goes on
//	 16  closedAt  uint64  0, or the tail that was the last to be taken, plus 1
//	128  watch     uint32  watchRing, watchPoll or watchClosed
//
// hand is 0, or the number of the record's lane plus 1 in the low half and its
// stamp in the high half.
//
// watch has a line of its own: the sender loads it for every record, and it
// must stay in the sender's cache while done changes for every record.
const (
	inState   = shm.HeaderSize
	inWaits   = inState + 4
	inHand    = inState + lineSize
	inSuspect = inHand + 8
	inDeaths  = inHand + 16
	inListens = inHand + lineSize

	inListenTable     = pageSize
	inListenTableSize = 60 << 10
	inRetain          = inListenTable + inListenTableSize

	laneHead     = 0
	laneDone     = 8
	laneClosedAt = 16
	laneWatch    = lineSize
)

// The bells: one segment that all processes write.
//
//	   0 +--------------------------------------------------------------+
//	     | segment header                                               |
//	 128 +--------------------------------------------------------------+
//	     | epoch uint64: grows whenever anybody begins to listen        |
//	4096 +--------------------------------------------------------------+
//	     | per slot, 256 bytes:                                         |
//	     |    0  mail   uint32  epoch and sleep state, a futex word     |
//	     |    8  ready  15 × uint64, one bit per sender                 |
//	     |  128  event  uint32  a counter, a futex word                 |
//	     +--------------------------------------------------------------+
const (
	bellEpoch = shm.HeaderSize
	bellsAt   = pageSize

	bellMail  = 0
	bellReady = 8
	bellEvent = lineSize
	bellSize  = 2 * lineSize

	readyWords = 15
)

// A bell's mail and ready words fill one line.
const (
	_ = uint(bellEvent - (bellReady + 8*readyWords))
	_ = uint((bellReady + 8*readyWords) - bellEvent)
	_ = uint(laneWordsSize - laneWatch - 4)
	_ = uint(pageSize - inListens - 8)
)

func pages(n int) int { return (n + pageSize - 1) / pageSize * pageSize }

// outLayout holds the offsets in an outbox that depend on the geometry.
type outLayout struct {
	words, dictionary, slab, data, size int
}

func (g Geometry) outbox() outLayout {
	var l outLayout
	l.words = outMasks + pages(8*g.Slots)
	l.dictionary = l.words + pages(laneWordsSize*LanesPerPeer*g.Slots)
	l.slab = l.dictionary + g.DictionarySize
	l.data = l.slab + g.SlabSize
	l.size = l.data + LanesPerPeer*g.Slots*g.LaneSize
	return l
}

// lane returns the offsets of the words and of the data of a lane.
func (l outLayout) lane(g Geometry, peer, lane int) (words, data int) {
	n := lane*g.Slots + peer
	return l.words + n*laneWordsSize, l.data + n*g.LaneSize
}

// inLayout holds the offsets in an inbox that depend on the geometry.
type inLayout struct {
	words, size, retainSize int
}

func (g Geometry) inbox() inLayout {
	var l inLayout
	l.retainSize = (g.SlabSize/pageSize + 63) / 64 * 8
	l.words = inRetain + pages(l.retainSize*OutboxesPerSlot*g.Slots)
	l.size = l.words + laneWordsSize*LanesPerPeer*OutboxesPerSlot*g.Slots
	return l
}

// laneNumber counts the lanes into an inbox; it also names the lane in the hand
// word.
func (g Geometry) laneNumber(peer, outbox, lane int) int {
	return (outbox*LanesPerPeer+lane)*g.Slots + peer
}

// retain returns the offset of the retain bits for one peer's outbox.
func (l inLayout) retain(peer, outbox int) int {
	return inRetain + (peer*OutboxesPerSlot+outbox)*l.retainSize
}

// retainBit returns the word and the bit for one page of an outbox's slab.
func (l inLayout) retainBit(peer, outbox, page int) (offset int, bit uint64) {
	return l.retain(peer, outbox) + page/64*8, 1 << (page % 64)
}

// OutboxSize returns the bytes of an outbox segment, nearly all of it sparse.
func (g Geometry) OutboxSize() int { return g.outbox().size }

// InboxSize returns the bytes of an inbox segment, nearly all of it sparse.
func (g Geometry) InboxSize() int { return g.inbox().size }

// BellsSize returns the bytes of the bells segment.
func (g Geometry) BellsSize() int { return bellsAt + bellSize*g.Slots }
