package shm

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

// goldenHeader is the header of a published segment of 12288 bytes: what
// another build of another day must find. A change here is a new Version.
const goldenHeader = `
52494e474d535452 01000000 03000000
0000000000000000 0002000000000000
0030000000000000 07000000 09000000
efcdab8967452301 00100000 01000000
0100000000000000 0200000000000000
0300000000000000 0400000000000000
0500000000000000 0600000000000000
0700000000000000 0800000000000000`

func TestHeaderBytesAreThoseOfTheFormat(t *testing.T) {
	if os.Getpagesize() != 4096 {
		t.Skipf("the golden header is for pages of 4096 bytes, here they have %d", os.Getpagesize())
	}
	s, err := Create("golden", Header{
		Kind: KindOutbox, Size: 12288, Owner: 7, Incarnation: 9, ID: 0x0123456789abcdef,
		Optional: 1 << 9, Params: [ParamCount]uint64{1, 2, 3, 4, 5, 6, 7, 8},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Publish()
	want, err := hex.DecodeString(strings.Join(strings.Fields(goldenHeader), ""))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Bytes()[:HeaderSize]; !bytes.Equal(got, want) {
		t.Errorf("header is\n%swant\n%s", hex.Dump(got), hex.Dump(want))
	}
}

func TestEveryKindHasAName(t *testing.T) {
	for kind, want := range map[Kind]string{
		KindDirectory: "directory", KindBells: "bells", KindOutbox: "outbox", KindInbox: "inbox", KindBlob: "blob",
		0: "kind 0", 99: "kind 99",
	} {
		if got := kind.String(); got != want {
			t.Errorf("Kind(%d) is %q, want %q", uint32(kind), got, want)
		}
	}
}

// FuzzHeader opens arbitrary bytes: the answer is an error or a header that
// says what the bytes say.
func FuzzHeader(f *testing.F) {
	h := Header{Kind: KindOutbox, Size: 4096, Owner: 1}
	valid := make([]byte, HeaderSize)
	h.encode(valid, 4096)
	f.Add(bytes.Clone(valid), int64(4096)) // not ready
	binary.LittleEndian.PutUint32(valid[offReady:], 1)
	f.Add(valid, int64(4096))
	f.Add(valid, int64(8192))
	f.Add([]byte("RINGMSTR"), int64(0))
	f.Fuzz(func(t *testing.T, b []byte, size int64) {
		var head [HeaderSize]byte
		copy(head[:], b)
		h, err := decodeHeader(&head, KindOutbox, size)
		if err != nil {
			return
		}
		if h.Size != size || h.Kind != KindOutbox || h.Required != 0 {
			t.Fatalf("accepted %+v for size %d", h, size)
		}
		var back [HeaderSize]byte
		h.encode(back[:], int(binary.LittleEndian.Uint32(head[offPageSize:])))
		copy(back[offReady:], head[offReady:offReady+4])
		if back != head {
			t.Fatalf("header does not survive a round trip:\n%s\n%s", hex.Dump(head[:]), hex.Dump(back[:]))
		}
	})
}
