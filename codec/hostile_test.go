package codec_test

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/codec"
)

type (
	bombMap   struct{ M map[int]int }
	bombEmpty struct {
		M map[struct{ A int }]struct{ B int }
	}
	bombSlice  struct{ S []int64 }
	bombBig    struct{ S [][4096]byte }
	bombChain  []bombChain
	bombString struct{ S string }
	bombAny    struct{ X any }
)

// id returns the bytes of a value message up to the id of its type.
func id(m message) []byte {
	body := m.payload[1:]
	n := 1
	if body[0] > 0x7F {
		n += -int(int8(body[0]))
	}
	return bytes.Clone(body[:n])
}

// gobUint is x as gob writes it, in the longest form.
func gobUint(x uint64) []byte {
	b := []byte{0xF8}
	for shift := 56; shift >= 0; shift -= 8 {
		b = append(b, byte(x>>shift))
	}
	return b
}

// framed is body as a gob message.
func framed(body []byte) []byte { return append(gobUint(uint64(len(body))), body...) }

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestHostileGobIsRefusedInBoundedMemory(t *testing.T) {
	const huge = 1 << 40
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	inMap, inEmpty := send(t, e, bombMap{map[int]int{1: 1}}), send(t, e, bombEmpty{})
	inSlice, inBig := send(t, e, bombSlice{[]int64{1}}), send(t, e, bombBig{})
	inChain, inString := send(t, e, bombChain{}), send(t, e, bombString{"x"})
	inAny := send(t, e, bombAny{int(1)})
	join := func(parts ...[]byte) []byte { return framed(bytes.Join(parts, nil)) }
	one, zero := []byte{1}, []byte{0}
	for _, c := range []struct {
		name    string
		m       message
		payload []byte
		want    error
	}{
		{"map of a trillion", inMap, join(id(inMap), one, gobUint(huge), zero), codec.ErrCorrupt},
		{"map whose elements take no bytes", inEmpty, join(id(inEmpty), one, gobUint(huge)), codec.ErrCorrupt},
		{"slice of a trillion", inSlice, join(id(inSlice), one, gobUint(huge), zero), codec.ErrCorrupt},
		{"negative length", inSlice, join(id(inSlice), one, gobUint(1<<63), zero), codec.ErrCorrupt},
		{"small elements of large types", inBig, join(id(inBig), one, gobUint(1<<20), bytes.Repeat(one, 1<<21), zero), codec.ErrTooLarge},
		{"depth without end", inChain, join(id(inChain), zero, bytes.Repeat(one, 1<<20)), codec.ErrCorrupt},
		{"string longer than its message", inString, join(id(inString), one, gobUint(huge), zero), codec.ErrCorrupt},
		{"message longer than its payload", inString, append(gobUint(huge), id(inString)...), codec.ErrCorrupt},
		{"message shorter than its payload", inString, append(bytes.Clone(inString.payload), 0), codec.ErrCorrupt},
		{"truncated", inString, inString.payload[:len(inString.payload)-1], codec.ErrCorrupt},
		{"empty", inString, nil, codec.ErrCorrupt},
		{"empty message", inString, zero, codec.ErrCorrupt},
		{"unknown id", inString, join(gobUint(1<<20), zero), codec.ErrCorrupt},
		{"id beyond 32 bits", inString, join(gobUint(1<<40), zero), codec.ErrCorrupt},
		{"id of gob itself", inString, join(gobUint(2*16), zero), codec.ErrCorrupt},
		{"field out of range", inString, join(id(inString), gobUint(1<<62), zero), codec.ErrCorrupt},
		{"description in a payload", inString, join(gobUint(2*200+1), zero), codec.ErrCorrupt},
		{"interface with a wrong length", inAny, bytes.Replace(inAny.payload, []byte("int\x04\x02"), []byte("int\x04\x03"), 1), codec.ErrCorrupt},
		{"description inside of a value", inAny, bytes.Replace(inAny.payload, []byte("int\x04\x02"), []byte("int\xFF\x81"), 1), codec.ErrCorrupt},
	} {
		d := codec.NewDecoder(codec.DecoderOptions{SameBinary: true, MaxMessage: 8 << 20})
		if err := d.Feed(dictionary.bytes); err != nil {
			t.Fatal(err)
		}
		var err error
		bytes := allocated(func() { _, err = d.DecodeAny(c.m.Header, c.payload) })
		t.Log(c.name, err)
		wantError(t, err, c.want)
		if bytes > 24<<20 {
			t.Errorf("%s: %d MiB allocated", c.name, bytes>>20)
		}
		_, err = d.Format(c.m.Header, c.payload)
		if c.want == codec.ErrCorrupt {
			wantError(t, err, codec.ErrCorrupt)
		}
		if t.Failed() {
			t.Fatalf("%s: payload % .60x", c.name, c.payload)
		}
	}
}

func TestSelfContainedPayloadIsCheckedToo(t *testing.T) {
	dictionary := memory{}
	e := codec.NewEncoder(&dictionary)
	typ, _ := codec.TypeFor[bombMap]()
	h, err := e.Announce(typ)
	if err != nil {
		t.Fatal(err)
	}
	dictionary.limit = len(dictionary.bytes)
	m := send(t, e, bombMap{map[int]int{1: 1}})
	if m.Flags != codec.FlagSelfContained {
		t.Fatalf("flags %#x", m.Flags)
	}
	d := fed(t, &dictionary)
	receive[bombMap](t, d, &dictionary, m)
	for n := range m.payload {
		_, err := d.DecodeAny(m.Header, m.payload[:n])
		wantError(t, err, codec.ErrCorrupt)
	}
	first := int(m.payload[0]) + 1 // the first description
	twice := append(bytes.Clone(m.payload[:first]), m.payload...)
	_, err = d.DecodeAny(m.Header, twice)
	wantError(t, err, codec.ErrCorrupt)
	h.Flags = codec.FlagSelfContained
	_, err = d.DecodeAny(h, bytes.Replace(m.payload, []byte{1, 1, 2, 2, 0}, []byte{1, 0x7F, 2, 2, 0}, 1))
	wantError(t, err, codec.ErrCorrupt)
}
