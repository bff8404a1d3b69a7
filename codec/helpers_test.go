package codec_test

import (
	"errors"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/codec"
)

// memory is a Dictionary on the heap that holds limit bytes; 0 is no limit.
type memory struct {
	bytes []byte
	limit int
}

var errNoRoom = errors.New("no room")

func (m *memory) Append(entry []byte) (uint32, error) {
	if m.limit > 0 && len(m.bytes)+len(entry) > m.limit {
		return 0, errNoRoom
	}
	m.bytes = append(m.bytes, entry...)
	return uint32(len(m.bytes)), nil
}

// message is a record as its receiver finds it.
type message struct {
	codec.Header
	payload []byte
}

// send encodes v, which it registers with the defaults if need be.
func send[T any](t testing.TB, e *codec.Encoder, v T) message {
	t.Helper()
	typ, err := codec.TypeFor[T]()
	if err != nil {
		t.Fatalf("TypeFor[%T]: %v", v, err)
	}
	payload, h, err := e.Append(nil, typ, &v)
	if err != nil {
		t.Fatalf("Append(%+v): %v", v, err)
	}
	return message{h, payload}
}

// receive feeds d from dictionary and decodes m into a new T.
func receive[T any](t testing.TB, d *codec.Decoder, dictionary *memory, m message) T {
	t.Helper()
	if err := d.Feed(dictionary.bytes); err != nil {
		t.Fatalf("Feed: %v", err)
	}
	var v T
	if err := d.Decode(m.Header, m.payload, &v); err != nil {
		t.Fatalf("Decode into %T: %v", v, err)
	}
	return v
}

// sameBinary is a Decoder for a sender that runs this program.
func sameBinary() *codec.Decoder {
	return codec.NewDecoder(codec.DecoderOptions{SameBinary: true})
}

// fed is a Decoder that has read all of dictionary.
func fed(t testing.TB, dictionary *memory) *codec.Decoder {
	t.Helper()
	d := sameBinary()
	if err := d.Feed(dictionary.bytes); err != nil {
		t.Fatalf("Feed: %v", err)
	}
	return d
}

// wantError fails the test unless err is want.
func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

// onceOnly skips a test about a type that is not registered yet when a run
// before, in the same process, has registered it: registration is for good.
func onceOnly(t *testing.T, name string) {
	t.Helper()
	if _, ok := codec.Lookup(name); ok {
		t.Skipf("%s was registered by an earlier run", name)
	}
}
