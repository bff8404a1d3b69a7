package codec_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringmaster-ipc/ringmaster/codec"
)

type (
	tick struct {
		Bid, Ask float64
		Small    float32
		Flag     bool
		Grid     [2][3]int16
		Inner    struct{ C complex64 }
		hidden   uint8
	}
	report struct {
		Name    string
		When    time.Time
		Ratio   float32
		Values  []float64
		Words   map[string][]int
		Bytes   []byte
		Nested  struct{ A, B uint8 }
		Numbers map[int]bool
		Any     any
		Rows    [][]string
		Phase   complex64
		Fixed   [2]bool
	}
	pointed struct {
		P    *int
		Q    *quote
		Next *pointed
		Ok   bool
	}
)

// stranger is a decoder in a program that has none of this one's types: every
// name in the dictionary was changed.
func stranger(t testing.TB, dictionary *memory) *codec.Decoder {
	t.Helper()
	d := sameBinary()
	if err := d.Feed(bytes.ReplaceAll(dictionary.bytes, []byte("codec_test."), []byte("codec_else."))); err != nil {
		t.Fatal(err)
	}
	return d
}

// format returns the text of m for a stranger.
func format(t testing.TB, dictionary *memory, m message) string {
	t.Helper()
	d := stranger(t, dictionary)
	text, err := d.Format(m.Header, m.payload)
	if err != nil {
		t.Fatalf("Format: %v", err)
	}
	return text
}

func TestFormatShowsFixedValuesAsFmtDoes(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	v := tick{Bid: 1.5, Ask: 1e21, Small: 0.1, Flag: true, Grid: [2][3]int16{{-1, 2}, {0, 0, 300}}, hidden: 200}
	v.Inner.C = 1 - 2i
	if got, want := format(t, &dictionary, send(t, e, v)), fmt.Sprintf("%+v", v); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := format(t, &dictionary, send(t, e, -7)); got != "-7" {
		t.Errorf("an int: %s", got)
	}
	if got := format(t, &dictionary, send(t, e, nothing{})); got != "{}" {
		t.Errorf("an empty struct: %s", got)
	}
}

func TestFormatShowsGobValuesAsFmtDoes(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	when := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, v := range []report{
		{},
		{Name: "n", When: when, Ratio: 0.1, Values: []float64{1, 2.5}, Bytes: []byte("ab")},
		{Words: map[string][]int{"b": {2}, "a": {1, 1}}, Numbers: map[int]bool{10: true, -9: false, 9: true}},
		{Any: dog{"rex"}, Rows: [][]string{{"x"}, {}}, Phase: 0.1, Fixed: [2]bool{true}},
		{Any: cage{cage{cat{[]int{1, 2}}}}, Name: "日本"},
		{Any: 7},
	} {
		if got, want := format(t, &dictionary, send(t, e, v)), fmt.Sprintf("%+v", v); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if got := format(t, &dictionary, send(t, e, map[string]int{"b": 1, "a": 2})); got != "map[a:2 b:1]" {
		t.Errorf("a map: %s", got)
	}
	if got := format(t, &dictionary, send(t, e, "text")); got != "text" {
		t.Errorf("a string: %s", got)
	}
}

func TestFormatFollowsPointersAndRecursion(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	v := pointed{P: new(5), Next: &pointed{Ok: true, Q: &quote{"A", 1, 2}}}
	// Inside the recursion the shape ends, and a nil pointer reads as zero.
	want := "{P:5 Q:<nil> Next:{P:0 Q:{Symbol:A Price:1 Qty:2} Next:<nil> Ok:true} Ok:false}"
	if got := format(t, &dictionary, send(t, e, v)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFormatShowsSelfContainedGob(t *testing.T) {
	dictionary := memory{}
	e := codec.NewEncoder(&dictionary)
	typ, _ := codec.TypeFor[quote]()
	if _, err := e.Announce(typ); err != nil {
		t.Fatal(err)
	}
	dictionary.limit = len(dictionary.bytes)
	if got := format(t, &dictionary, send(t, e, quote{"A", 1, 2})); got != "{Symbol:A Price:1 Qty:2}" {
		t.Errorf("got %s", got)
	}
}

func TestFormatShowsOtherCodecsAsBytes(t *testing.T) {
	codec.Register[backwards](codec.WithCodec(reverser{}))
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	for _, c := range []struct {
		m    message
		want string
	}{
		{send(t, e, blob("text\n\"quoted\"")), `"text\n\"quoted\""`},
		{send(t, e, blob("")), `""`},
		{send(t, e, blob{0, 1, 0xFF}), "0x0001ff"},
		{send(t, e, blob(strings.Repeat("é", 200))), `"` + strings.Repeat("é", 128) + `"… (400 bytes)`},
		{send(t, e, blob(make([]byte, 300))), "0x" + strings.Repeat("00", 256) + "… (300 bytes)"},
		{send(t, e, backwards("abc")), "github.com/ringmaster-ipc/ringmaster/codec_else.backwards(0x636261)"},
		{send(t, e, time.Unix(0, 0).UTC()), "1970-01-01 00:00:00 +0000 UTC"},
	} {
		if got := format(t, &dictionary, c.m); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestFormatQuotesWhatDrivesATerminal(t *testing.T) {
	var dictionary memory
	got := format(t, &dictionary, send(t, codec.NewEncoder(&dictionary), dog{"\x1b[2Jgone"}))
	if got != `{Name:"\x1b[2Jgone"}` {
		t.Errorf("got %q", got)
	}
}

func TestFormatCutsLongText(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	type wide struct{ All [100_000]int8 }
	for _, m := range []message{
		send(t, e, wide{}), send(t, e, strings.Repeat("x", 100_000)), send(t, e, make([]int, 100_000)),
		send(t, e, report{Bytes: make([]byte, 100_000)}), send(t, e, map[string]string{"k": strings.Repeat("日", 50_000)}),
	} {
		got := format(t, &dictionary, m)
		if len(got) > 17<<10 || !strings.HasSuffix(got, "…") {
			t.Errorf("%d bytes of text, ending in %q", len(got), got[len(got)-10:])
		}
	}
}

func TestFormatIsThatOfFmtForRandomValues(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	rapid.Check(t, func(r *rapid.T) {
		v := report{
			Name: rapid.StringMatching(`[a-z]{0,9}`).Draw(r, "Name"), Ratio: rapid.Float32().Draw(r, "Ratio"),
			Values:  rapid.SliceOfN(rapid.Float64(), 0, 4).Draw(r, "Values"),
			Bytes:   rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(r, "Bytes"),
			Words:   rapid.MapOfN(rapid.StringMatching(`[a-z]{1,3}`), rapid.SliceOfN(rapid.Int(), 0, 2), 0, 4).Draw(r, "Words"),
			Numbers: rapid.MapOfN(rapid.IntRange(-1000, 1000), rapid.Bool(), 0, 5).Draw(r, "Numbers"),
			Fixed:   [2]bool{rapid.Bool().Draw(r, "Fixed")},
		}
		if v.Ratio == 0 {
			v.Ratio = 0 // gob makes no difference between 0 and -0
		}
		v.Nested.B = rapid.Uint8().Draw(r, "B")
		if got, want := format(t, &dictionary, send(t, e, v)), fmt.Sprintf("%+v", v); got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	})
}

func TestShapesAreBounded(t *testing.T) {
	// A type with more fields in all than a shape describes.
	var fields []reflect.StructField
	for i := range 600 {
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: reflect.TypeFor[int]()})
	}
	big := reflect.New(reflect.StructOf(append(fields, reflect.StructField{Name: "S", Type: reflect.TypeFor[string]()})))
	typ, err := codec.TypeOf(big.Elem().Interface())
	if err != nil {
		t.Skipf("a struct of 600 fields: %v", err)
	}
	var dictionary memory
	payload, h, err := codec.NewEncoder(&dictionary).Append(nil, typ, big.Interface())
	if err != nil {
		t.Fatal(err)
	}
	entry, err := fed(t, &dictionary).Entry(h.Type)
	if err != nil || entry.Shape.Kind != reflect.Invalid {
		t.Errorf("shape of kind %v, %v", entry.Shape.Kind, err)
	}
	if text := format(t, &dictionary, message{h, payload}); !strings.Contains(text, "F599:0 S:") {
		t.Errorf("text %.80s", text)
	}
}
