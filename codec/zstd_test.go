package codec_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/ringmaster-ipc/ringmaster/codec"
)

type (
	page    []byte
	bitmap  [4096]byte
	article struct{ Text string }
)

var (
	_ = codec.Register[page](codec.WithZstd(1000))
	_ = codec.Register[bitmap](codec.WithZstd(1000))
	_ = codec.Register[article](codec.WithZstd(1000))
)

func TestZstdIsKeptFromTheThresholdOnWhereItSaves(t *testing.T) {
	noise := make(page, 4000)
	rand.Read(noise)
	var dictionary memory
	e, d := codec.NewEncoder(&dictionary), sameBinary()
	for name, c := range map[string]struct {
		v    page
		want uint8
	}{
		"below the threshold": {bytes.Repeat(page("a"), 999), 0},
		"at the threshold":    {bytes.Repeat(page("a"), 1000), codec.FlagZstd},
		"incompressible":      {noise, 0},
		"saves a tenth":       {append(noise[:3600:3600], make(page, 400)...), 0},
		"saves a quarter":     {append(noise[:3000:3000], make(page, 1000)...), codec.FlagZstd},
	} {
		m := send(t, e, c.v)
		if m.Flags != c.want {
			t.Errorf("%s: flags %#x, want %#x (%d bytes of %d)", name, m.Flags, c.want, len(m.payload), len(c.v))
		}
		if got := receive[page](t, d, &dictionary, m); !bytes.Equal(got, c.v) {
			t.Errorf("%s: %d bytes came back, not those of %d", name, len(got), len(c.v))
		}
	}
}

func TestZstdServesEveryCodec(t *testing.T) {
	var dictionary memory
	e, d := codec.NewEncoder(&dictionary), sameBinary()
	text := article{strings.Repeat("shared memory ", 500)}
	m := send(t, e, text)
	if m.Flags != codec.FlagZstd || len(m.payload) > 500 {
		t.Errorf("gob: flags %#x, %d bytes", m.Flags, len(m.payload))
	}
	if got := receive[article](t, d, &dictionary, m); got != text {
		t.Error("gob: another text came back")
	}
	bits := bitmap{5: 1, 4000: 2}
	m = send(t, e, bits)
	if got := receive[bitmap](t, d, &dictionary, m); got != bits || m.Flags != codec.FlagZstd {
		t.Errorf("fixed: flags %#x", m.Flags)
	}
	plain, err := d.Plain(m.Header, m.payload)
	if err != nil || !bytes.Equal(plain, bits[:]) {
		t.Errorf("Plain: %d bytes, %v", len(plain), err)
	}
	m = send(t, e, page("short"))
	receive[page](t, d, &dictionary, m)
	if plain, err = d.Plain(m.Header, m.payload); err != nil || &plain[0] != &m.payload[0] {
		t.Errorf("Plain of a plain payload: %q, %v, want the payload itself", plain, err)
	}
}

func TestAppendKeepsWhatIsBeforeThePayload(t *testing.T) {
	typ, _ := codec.TypeFor[page]()
	v := page(bytes.Repeat([]byte("b"), 2000))
	out, h, err := codec.NewEncoder(new(memory)).Append([]byte("before"), typ, &v)
	if err != nil || h.Flags != codec.FlagZstd || !bytes.HasPrefix(out, []byte("before")) {
		t.Errorf("%.20q, %+v, %v", out, h, err)
	}
}

func TestHostileZstdIsRefusedInBoundedMemory(t *testing.T) {
	const limit = 1 << 20
	pack := func(n int, options ...zstd.EOption) []byte {
		z, err := zstd.NewWriter(nil, options...)
		if err != nil {
			t.Fatal(err)
		}
		return z.EncodeAll(make([]byte, n), nil)
	}
	var stream bytes.Buffer // a stream does not say how large it will be
	z, err := zstd.NewWriter(&stream)
	if err != nil {
		t.Fatal(err)
	}
	z.Write(make([]byte, 10*limit))
	z.Close()
	fits := pack(limit)
	var dictionary memory
	m := send(t, codec.NewEncoder(&dictionary), page("x"))
	m.Flags = codec.FlagZstd
	for _, c := range []struct {
		name  string
		frame []byte
		want  error
	}{
		{"content beyond the limit", pack(limit + 1), codec.ErrTooLarge},
		{"a bomb", pack(64 << 20), codec.ErrTooLarge},
		{"unknown content size", stream.Bytes(), codec.ErrCorrupt},
		{"two frames", append(bytes.Clone(fits), fits...), codec.ErrCorrupt},
		{"truncated", fits[:len(fits)-1], codec.ErrCorrupt},
		{"not a frame", []byte("not a frame at all"), codec.ErrCorrupt},
		{"empty", nil, codec.ErrCorrupt},
		{"a claim without content", fits[:8], codec.ErrCorrupt},
	} {
		d := codec.NewDecoder(codec.DecoderOptions{SameBinary: true, MaxMessage: limit})
		if err := d.Feed(dictionary.bytes); err != nil {
			t.Fatal(err)
		}
		var err error
		if n := allocated(func() { _, err = d.Plain(m.Header, c.frame) }); n > 16*limit {
			t.Errorf("%s: %d KiB allocated", c.name, n>>10)
		}
		t.Log(c.name, err)
		wantError(t, err, c.want)
		if t.Failed() {
			t.Fatal(c.name)
		}
		if plain, err := d.Plain(m.Header, fits); err != nil || len(plain) != limit {
			t.Errorf("after %s: %d bytes, %v", c.name, len(plain), err)
		}
	}
}
