package ring

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// format holds the numbers of the format. A change here is a new shm.Version.
var format = []struct {
	what      string
	got, want int
}{
	{"header", shm.HeaderSize, 128},
	{"line", lineSize, 128},
	{"page", pageSize, 4096},
	{"dictionary length", outDictLength, 128},
	{"masks", outMasks, 4096},
	{"lane: tail", laneTail, 0},
	{"lane: want", laneWant, 128},
	{"lane words", laneWordsSize, 256},
	{"state", inState, 128},
	{"waits", inWaits, 132},
	{"hand", inHand, 256},
	{"suspect", inSuspect, 264},
	{"deaths", inDeaths, 272},
	{"listens", inListens, 384},
	{"listen table", inListenTable, 4096},
	{"listen table size", inListenTableSize, 61440},
	{"retain bits", inRetain, 65536},
	{"lane: head", laneHead, 0},
	{"lane: done", laneDone, 8},
	{"lane: closedAt", laneClosedAt, 16},
	{"lane: watch", laneWatch, 128},
	{"epoch", bellEpoch, 128},
	{"bells", bellsAt, 4096},
	{"bell: mail", bellMail, 0},
	{"bell: ready", bellReady, 8},
	{"bell: event", bellEvent, 128},
	{"bell", bellSize, 256},
	{"ready words", readyWords, 15},
	{"slots", MaxSlots, 960},
	{"lanes per peer", LanesPerPeer, 16},
	{"outboxes per slot", OutboxesPerSlot, 4},
	{"directory version", dirVersion, 128},
	{"directory rows", dirRows, 4096},
	{"row", rowSize, 256},
	{"row copies", rowCopies, 64},
	{"row stride", rowStride, 640},
	{"row: kind", rowKind, 64},
	{"row: name", rowName, 160},
	{"name", MaxName, 96},
	{"record header", HeaderSize, 16},
	{"record alignment", recordAlign, 16},
	{"chunk reference", chunkRefSize, 16},
	{"pad", kindPad, 1}, {"data", kindData, 2}, {"chunk", kindChunk, 3}, {"blob", kindBlob, 4},
	{"watchRing", watchRing, 0}, {"watchPoll", watchPoll, 1}, {"watchClosed", watchClosed, 2},
	{"mailRunning", mailRunning, 0}, {"mailAsleep", mailAsleep, 1}, {"mailWoken", mailWoken, 2},
	{"mail state bits", mailStateBits, 2},
	{"StateNew", int(StateNew), 0}, {"StateConnected", int(StateConnected), 1}, {"StateReady", int(StateReady), 2}, {"StateClosed", int(StateClosed), 3},
	{"RowFree", int(RowFree), 0}, {"RowAdded", int(RowAdded), 1}, {"RowEnded", int(RowEnded), 2}, {"RowResident", int(RowResident), 1},
}

func TestLayoutIsThatOfTheFormat(t *testing.T) {
	for _, c := range format {
		if c.got != c.want {
			t.Errorf("%s is %d, the format says %d", c.what, c.got, c.want)
		}
	}
}

func TestTheDocumentHasTheNumbersOfTheFormat(t *testing.T) {
	document, err := os.ReadFile("../docs/wire-format.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range format {
		if row := fmt.Sprintf("| %s | %d |\n", c.what, c.want); !bytes.Contains(document, []byte(row)) {
			t.Errorf("docs/wire-format.md lacks the row %q", row)
		}
	}
}

func TestSizesAreThoseOfTheFormat(t *testing.T) {
	g := Geometry{Slots: 3, LaneSize: 4096, SlabSize: 65536, DictionarySize: 8192}
	out, in := g.outbox(), g.inbox()
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"outbox words", out.words, 8192},
		{"outbox dictionary", out.dictionary, 8192 + 12288},
		{"outbox slab", out.slab, 8192 + 12288 + 8192},
		{"outbox data", out.data, 8192 + 12288 + 8192 + 65536},
		{"outbox", g.OutboxSize(), 94208 + 16*3*4096},
		{"retain bits of an outbox", in.retainSize, 8},
		{"inbox words", in.words, 65536 + 4096},
		{"inbox", g.InboxSize(), 69632 + 256*16*4*3},
		{"bells", g.BellsSize(), 4096 + 3*256},
		{"directory", g.DirectorySize(), 4096 + 3*640},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, the format says %d", c.what, c.got, c.want)
		}
	}
	words, data := out.lane(g, 2, 5)
	if words != out.words+(5*3+2)*256 || data != out.data+(5*3+2)*4096 {
		t.Errorf("lane 5 to slot 2 has words at %d and data at %d", words, data)
	}
	if n := g.laneNumber(2, 3, 5); n != (3*16+5)*3+2 {
		t.Errorf("lane 5 from outbox 3 of slot 2 has number %d", n)
	}
	if at, bit := in.retainBit(2, 1, 13); at != 65536+(2*4+1)*8 || bit != 1<<13 {
		t.Errorf("retain bit of page 13 of outbox 1 of slot 2 is %#x at %d", bit, at)
	}
}

func TestSegmentsOfALargeRunFitAndDoNotOverlap(t *testing.T) {
	for _, slots := range []int{2, 64, 65, 200, MaxSlots} {
		g := DefaultGeometry(slots)
		if err := g.Check(); err != nil {
			t.Fatalf("%d slots: %v", slots, err)
		}
		out := g.outbox()
		if outMasks+8*slots > out.words {
			t.Errorf("%d slots: masks reach into the lane words", slots)
		}
		words, data := out.lane(g, slots-1, LanesPerPeer-1)
		if words+laneWordsSize > out.dictionary || data+g.LaneSize != g.OutboxSize() {
			t.Errorf("%d slots: the last lane has words up to %d, data up to %d", slots, words+laneWordsSize, data+g.LaneSize)
		}
		in := g.inbox()
		if in.retain(slots-1, OutboxesPerSlot-1)+in.retainSize > in.words {
			t.Errorf("%d slots: retain bits reach into the lane words", slots)
		}
		last := g.laneNumber(slots-1, OutboxesPerSlot-1, LanesPerPeer-1)
		if in.words+(last+1)*laneWordsSize != g.InboxSize() {
			t.Errorf("%d slots: the last lane's words end at %d of %d", slots, in.words+(last+1)*laneWordsSize, g.InboxSize())
		}
	}
}

func TestRecordBytesAreThoseOfTheFormat(t *testing.T) {
	r := newRun(small(2))
	a := r.port(t, 0, Poll)
	s := mustOpen(t, a, 1, 0)
	mustSend(t, s, Meta{}, nil)
	mustSend(t, s, Meta{Type: 0x0102, Flags: 0x03, Need: 0x04050607}, []byte("hello, record of 21 b"))
	want, err := hex.DecodeString("" +
		"00000000" + "02" + "00" + "0000" + "00000000" + "00000000" +
		"15000000" + "02" + "03" + "0201" + "01000000" + "07060504")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.data[:32]; !bytes.Equal(got, want) {
		t.Errorf("headers are\n%swant\n%s", hex.Dump(got), hex.Dump(want))
	}
	if got := s.tail.Load(); got != 16+16+32 {
		t.Errorf("tail is %d, want 64", got)
	}
}

func TestGeometryOutOfBoundsIsRefused(t *testing.T) {
	good := DefaultGeometry(8)
	for what, change := range map[string]func(*Geometry){
		"too few slots":     func(g *Geometry) { g.Slots = 1 },
		"too many slots":    func(g *Geometry) { g.Slots = MaxSlots + 1 },
		"small lane":        func(g *Geometry) { g.LaneSize = MinLaneSize / 2 },
		"large lane":        func(g *Geometry) { g.LaneSize = MaxLaneSize * 2 },
		"odd lane":          func(g *Geometry) { g.LaneSize = 12288 },
		"small slab":        func(g *Geometry) { g.SlabSize = MinSlabSize - pageSize },
		"large slab":        func(g *Geometry) { g.SlabSize = MaxSlabSize + pageSize },
		"crooked slab":      func(g *Geometry) { g.SlabSize = MinSlabSize + 1 },
		"small dictionary":  func(g *Geometry) { g.DictionarySize = 0 },
		"large dictionary":  func(g *Geometry) { g.DictionarySize = MaxDictionarySize + pageSize },
		"crooked dictonary": func(g *Geometry) { g.DictionarySize = MinDictionarySize + 16 },
	} {
		g := good
		change(&g)
		wantError(t, what, g.Check(), ErrGeometry)
		_, err := GeometryFrom(g.Params())
		wantError(t, what+", packed", err, ErrGeometry)
	}
	if g, err := GeometryFrom(good.Params()); err != nil || g != good {
		t.Errorf("a good geometry comes back as %+v, %v", g, err)
	}
	if _, err := GeometryFrom([shm.ParamCount]uint64{1 << 63, 4096, 65536, 4096}); err == nil {
		t.Error("2^63 slots were accepted")
	}
}
