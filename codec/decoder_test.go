package codec_test

import (
	"bytes"
	"encoding/gob"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/codec"
)

func TestEveryCodecMakesTheTrip(t *testing.T) {
	codec.Register[backwards](codec.WithCodec(reverser{}))
	var dictionary memory
	e, d := codec.NewEncoder(&dictionary), sameBinary()
	when := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	if got := receive[plain](t, d, &dictionary, send(t, e, plain{1, 2})); got != (plain{1, 2}) {
		t.Errorf("fixed: %+v", got)
	}
	if got := receive[blob](t, d, &dictionary, send(t, e, blob("raw"))); string(got) != "raw" {
		t.Errorf("raw: %q", got)
	}
	if got := receive[[]byte](t, d, &dictionary, send(t, e, []byte{})); got == nil || len(got) != 0 {
		t.Errorf("empty raw: %v, want an empty slice", got)
	}
	if got := receive[time.Time](t, d, &dictionary, send(t, e, when)); !got.Equal(when) {
		t.Errorf("binary: %v", got)
	}
	if got := receive[quote](t, d, &dictionary, send(t, e, quote{"A", 1, 2})); got != (quote{"A", 1, 2}) {
		t.Errorf("gob: %+v", got)
	}
	m := send(t, e, backwards("abc"))
	if string(m.payload) != "cba" {
		t.Errorf("plugged in: payload %q", m.payload)
	}
	if got := receive[backwards](t, d, &dictionary, m); string(got) != "abc" {
		t.Errorf("plugged in: %q", got)
	}
}

func TestDecodeAnyReturnsTheValueItself(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	sent := []message{send(t, e, plain{1, 2}), send(t, e, blob("x")), send(t, e, quote{"A", 1, 2}), send(t, e, "text")}
	d := fed(t, &dictionary)
	for i, want := range []any{plain{1, 2}, blob("x"), quote{"A", 1, 2}, "text"} {
		if got, err := d.DecodeAny(sent[i].Header, sent[i].payload); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %#v, %v, want %#v", got, err, want)
		}
	}
}

func TestDecodedValuesKeepNothingOfThePayload(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	b, q := send(t, e, blob("bytes")), send(t, e, quote{Symbol: "SYMBOL"})
	d := fed(t, &dictionary)
	gotB, _ := d.DecodeAny(b.Header, b.payload)
	gotQ, _ := d.DecodeAny(q.Header, q.payload)
	clear(b.payload)
	clear(q.payload)
	if string(gotB.(blob)) != "bytes" || gotQ.(quote).Symbol != "SYMBOL" {
		t.Errorf("got %q and %+v", gotB, gotQ)
	}
}

func TestAnnounceAllocatesNothingOnceDone(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	typ, _ := codec.TypeFor[plain]()
	first, err := e.Announce(typ)
	if err != nil || first.Type != 1 || int(first.Need) != len(dictionary.bytes) {
		t.Fatalf("got %+v, %v with a dictionary of %d bytes", first, err, len(dictionary.bytes))
	}
	if n := testing.AllocsPerRun(100, func() {
		if h, _ := e.Announce(typ); h != first {
			t.Errorf("got %+v, want %+v", h, first)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestRecordAheadOfTheDictionaryIsUnknown(t *testing.T) {
	var dictionary memory
	e, d := codec.NewEncoder(&dictionary), sameBinary()
	m := send(t, e, quote{"A", 1, 2})
	var q quote
	wantError(t, d.Decode(m.Header, m.payload, &q), codec.ErrUnknownType)
	if err := d.Feed(dictionary.bytes); err != nil {
		t.Fatal(err)
	}
	if d.Fed() != m.Need {
		t.Errorf("fed %d bytes, the record needs %d", d.Fed(), m.Need)
	}
	for _, index := range []uint16{0, 2, 65535} {
		_, err := d.Entry(index)
		wantError(t, err, codec.ErrUnknownType)
	}
	m.Need++
	wantError(t, d.Decode(m.Header, m.payload, &q), codec.ErrUnknownType)
}

func TestDictionaryMayBeFedInAnyPieces(t *testing.T) {
	var dictionary memory
	e, d := codec.NewEncoder(&dictionary), sameBinary()
	m := send(t, e, zooNumber(70))
	for n := range len(dictionary.bytes) + 1 {
		if err := d.Feed(dictionary.bytes[:n]); err != nil {
			t.Fatalf("first %d bytes: %v", n, err)
		}
	}
	if got := receive[zoo](t, d, &dictionary, m); !reflect.DeepEqual(got, zooNumber(70)) {
		t.Errorf("got %+v", got)
	}
	wantError(t, d.Feed(dictionary.bytes[:1]), codec.ErrCorrupt)
}

func TestEntryTellsAboutATypeWithoutHavingIt(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	m := send(t, e, dog{"rex"})
	// A name that this program has not registered.
	dictionary.bytes = bytes.Replace(dictionary.bytes, []byte("codec_test.dog"), []byte("codec_test.cow"), 1)
	d := fed(t, &dictionary)
	entry, err := d.Entry(m.Type)
	if err != nil {
		t.Fatal(err)
	}
	if entry.Name != here+"cow" || entry.Type != nil || entry.Codec != "gob" {
		t.Errorf("got %+v", entry)
	}
	if want := []string{"Sound() (string)"}; !reflect.DeepEqual(entry.Methods, want) {
		t.Errorf("methods %q, want %q", entry.Methods, want)
	}
	if f := entry.Shape.Fields; len(f) != 1 || f[0].Name != "Name" || f[0].Shape.Kind != reflect.String {
		t.Errorf("shape %+v", entry.Shape)
	}
	_, err = d.DecodeAny(m.Header, m.payload)
	wantError(t, err, codec.ErrUnregistered)
	if err != nil && !strings.Contains(err.Error(), "codec.Register[") {
		t.Errorf("error %q does not say what to do", err)
	}
}

func TestTypeRegisteredLateIsFound(t *testing.T) {
	onceOnly(t, "name-b")
	type early struct{ A int }
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	codec.Register[early](codec.WithName("name-a"))
	m := send(t, e, early{7})
	dictionary.bytes = bytes.Replace(dictionary.bytes, []byte("name-a"), []byte("name-b"), 1)
	d := fed(t, &dictionary)
	_, err := d.DecodeAny(m.Header, m.payload)
	wantError(t, err, codec.ErrUnregistered)
	type late struct{ A int }
	codec.Register[late](codec.WithName("name-b"))
	if got := receive[late](t, d, &dictionary, m); got != (late{7}) {
		t.Errorf("got %+v", got)
	}
}

func TestOtherLayoutNamesBothSides(t *testing.T) {
	type here struct{ A, B int32 }
	type there struct{ B, A int32 }
	type gobbed struct{ A, B int32 }
	codec.Register[here](codec.WithName("layout-1"))
	codec.Register[there](codec.WithName("layout-2"))
	codec.Register[gobbed](codec.WithName("layout-3"), codec.AsGob())
	for _, name := range []string{"layout-2", "layout-3"} {
		var dictionary memory
		m := send(t, codec.NewEncoder(&dictionary), here{1, 2})
		dictionary.bytes = bytes.Replace(dictionary.bytes, []byte("layout-1"), []byte(name), 1)
		d := fed(t, &dictionary)
		_, err := d.DecodeAny(m.Header, m.payload)
		wantError(t, err, codec.ErrLayout)
		typ, _ := codec.Lookup(name)
		for _, want := range []string{name, "fixed", typ.Codec(), "at the sender", "here"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error %q does not say %q", err, want)
			}
		}
	}
}

func TestGobTakesAddedAndRemovedFields(t *testing.T) {
	type old struct {
		Name string
		Gone []int
		Map  map[string]plain
	}
	type young struct {
		Name  string
		Added float64
	}
	codec.Register[old](codec.WithName("version-1"))
	codec.Register[young](codec.WithName("version-2"))
	var dictionary memory
	m := send(t, codec.NewEncoder(&dictionary), old{"n", []int{1, 2}, map[string]plain{"a": {1, 2}}})
	dictionary.bytes = bytes.Replace(dictionary.bytes, []byte("version-1"), []byte("version-2"), 1)
	if got := receive[young](t, sameBinary(), &dictionary, m); got != (young{Name: "n"}) {
		t.Errorf("got %+v", got)
	}
}

func TestGobFieldOfAnotherKindIsADecodeError(t *testing.T) {
	type text struct{ Field string }
	type number struct{ Field map[string]int }
	codec.Register[text](codec.WithName("kind-1"))
	codec.Register[number](codec.WithName("kind-2"))
	var dictionary memory
	m := send(t, codec.NewEncoder(&dictionary), text{"x"})
	dictionary.bytes = bytes.Replace(dictionary.bytes, []byte("kind-1"), []byte("kind-2"), 1)
	_, err := fed(t, &dictionary).DecodeAny(m.Header, m.payload)
	wantError(t, err, codec.ErrDecode)
}

func TestValueOfAnotherTypeIsAMismatch(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	m := send(t, e, plain{1, 2})
	d := fed(t, &dictionary)
	wantError(t, d.Decode(m.Header, m.payload, new(quote)), codec.ErrMismatch)
	wantError(t, d.Decode(m.Header, m.payload, plain{}), codec.ErrMismatch)
	wantError(t, d.Decode(m.Header, m.payload, (*plain)(nil)), codec.ErrMismatch)
	typ, _ := codec.TypeFor[plain]()
	for _, v := range []any{plain{}, new(quote), (*plain)(nil), nil} {
		_, _, err := e.Append(nil, typ, v)
		wantError(t, err, codec.ErrMismatch)
	}
}

func TestPayloadsBeyondMaxMessageAreTooLarge(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	fits, large := send(t, e, blob(make([]byte, 100))), send(t, e, blob(make([]byte, 101)))
	// Each element takes a byte in the payload and eight in memory.
	ints := send(t, e, make([]int, 50))
	d := codec.NewDecoder(codec.DecoderOptions{MaxMessage: 100})
	receive[blob](t, d, &dictionary, fits)
	for _, m := range []message{large, ints} {
		_, err := d.DecodeAny(m.Header, m.payload)
		wantError(t, err, codec.ErrTooLarge)
	}
}

func TestUnknownFlagsAreCorrupt(t *testing.T) {
	var dictionary memory
	m := send(t, codec.NewEncoder(&dictionary), plain{})
	m.Flags = 0x80
	var v plain
	wantError(t, fed(t, &dictionary).Decode(m.Header, m.payload, &v), codec.ErrCorrupt)
}

func TestErrorOfAPluggedInCodecIsReported(t *testing.T) {
	type sour struct{ A int }
	typ := codec.Register[sour](codec.WithCodec(failing{}))
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	_, _, err := e.Append(nil, typ, &sour{-1})
	wantError(t, err, codec.ErrEncode)
	wantError(t, err, errNoRoom)
	var v sour
	for wrong, want := range map[string]error{"error": codec.ErrDecode, "panic": codec.ErrCorrupt} {
		h, _ := e.Announce(typ)
		wantError(t, fed(t, &dictionary).Decode(h, []byte(wrong), &v), want)
	}
}

// failing is a codec that fails in every way.
type failing struct{}

func (failing) Name() string                             { return "failing" }
func (failing) Append(dst []byte, _ any) ([]byte, error) { return append(dst, "half"...), errNoRoom }
func (failing) Decode(src []byte, _ any) error {
	if string(src) == "panic" {
		panic(src)
	}
	return errors.New("never")
}

func TestLocalTypesNeedOneBinaryOrAName(t *testing.T) {
	var dictionary memory
	m := send(t, codec.NewEncoder(&dictionary), dog{"rex"})
	// The flag is the byte behind name and codec; the name is as good as local.
	i := bytes.Index(dictionary.bytes, []byte("\x03gob\x00"))
	dictionary.bytes[i+4] = 1
	d := codec.NewDecoder(codec.DecoderOptions{})
	if err := d.Feed(dictionary.bytes); err != nil {
		t.Fatal(err)
	}
	_, err := d.DecodeAny(m.Header, m.payload)
	wantError(t, err, codec.ErrUnregistered)
	if err != nil && !strings.Contains(err.Error(), "codec.WithName in both programs") {
		t.Errorf("error %q does not say what to do", err)
	}
	if got := receive[dog](t, sameBinary(), &dictionary, m); got != (dog{"rex"}) {
		t.Errorf("in the same binary: got %+v", got)
	}
}

func TestNonsenseInTheDictionaryIsCorrupt(t *testing.T) {
	var good memory
	send(t, codec.NewEncoder(&good), quote{"A", 1, 2})
	var description bytes.Buffer
	if err := gob.NewEncoder(&description).Encode(quote{}); err != nil {
		t.Fatal(err)
	}
	frame := func(kind byte, body string) []byte {
		return append([]byte{kind, byte(len(body))}, body...)
	}
	for name, b := range map[string][]byte{
		"unknown kind":       frame(9, "xx"),
		"kind zero":          frame(0, ""),
		"empty type":         frame(1, ""),
		"name too long":      frame(1, "\xff\xff\x03"),
		"escape in the name": frame(1, "\x04a\x1b[m"),
		"empty description":  frame(2, ""),
		"not a description":  frame(2, "\x02\x02\x02"),
		"length too large":   {1, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"length overflows":   {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"twice":              append(bytes.Clone(good.bytes), good.bytes...),
	} {
		wantError(t, sameBinary().Feed(b), codec.ErrCorrupt)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	d := codec.NewDecoder(codec.DecoderOptions{MaxDictionary: len(good.bytes) - 1})
	wantError(t, d.Feed(good.bytes), codec.ErrCorrupt)
}

func TestEntriesBeforeABadOneRemainUsable(t *testing.T) {
	var dictionary memory
	m := send(t, codec.NewEncoder(&dictionary), quote{"A", 1, 2})
	d := sameBinary()
	bad := append(bytes.Clone(dictionary.bytes), 9, 0)
	for range 2 {
		wantError(t, d.Feed(bad), codec.ErrCorrupt)
	}
	if got := receive[quote](t, d, &dictionary, m); got != (quote{"A", 1, 2}) {
		t.Errorf("got %+v", got)
	}
}
