package codec_test

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/codec"
)

type (
	quote struct {
		Symbol string
		Price  float64
		Qty    int
	}
	shared struct{ Tags []string }
	first  struct{ S shared }
	second struct{ M map[string]shared }
	node   struct {
		Value string
		Next  *node
	}
	animal interface{ Sound() string }
	dog    struct{ Name string }
	cat    struct{ Lives []int }
	cage   struct{ Inside any }
	zoo    struct {
		Label string
		All   []animal
		ByKey map[string]any
		Best  animal
	}
	broken struct{ V any }
)

func (d dog) Sound() string { return "wuff " + d.Name }
func (c cat) Sound() string { return fmt.Sprint("miau ", c.Lives) }

var (
	_ = codec.Register[dog]()
	_ = codec.Register[cat]()
	_ = codec.Register[cage]()
)

// valueOnly is the length of the message gob writes for v once its types are
// described.
func valueOnly(t *testing.T, v any) int {
	t.Helper()
	var out bytes.Buffer
	e := gob.NewEncoder(&out)
	for range 2 {
		out.Reset()
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	return out.Len()
}

func TestPayloadIsTheGobValueAloneFromTheFirstMessageOn(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	v := quote{"ABC", 1.5, 3}
	want := valueOnly(t, v)
	one := send(t, e, v)
	length := len(dictionary.bytes)
	two := send(t, e, v)
	if len(one.payload) != want || len(two.payload) != want {
		t.Errorf("payloads of %d and %d bytes, want %d", len(one.payload), len(two.payload), want)
	}
	if len(dictionary.bytes) != length {
		t.Errorf("the second message made the dictionary grow from %d to %d bytes", length, len(dictionary.bytes))
	}
	if int(two.Need) != length || two.Flags != 0 {
		t.Errorf("header %+v, want Need %d and no flags", two.Header, length)
	}
}

func TestLateJoinerDecodesAnyMessageAlone(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	var sent []message
	for i := range 100 {
		sent = append(sent, send(t, e, zooNumber(i)))
	}
	for _, i := range []int{1, 99, 50, 0} {
		got := receive[zoo](t, sameBinary(), &dictionary, sent[i])
		if want := zooNumber(i); !reflect.DeepEqual(got, want) {
			t.Errorf("message %d alone: got %+v, want %+v", i, got, want)
		}
	}
	d := sameBinary()
	for i := len(sent) - 1; i >= 0; i-- {
		if got := receive[zoo](t, d, &dictionary, sent[i]); !reflect.DeepEqual(got, zooNumber(i)) {
			t.Errorf("message %d of all, backwards: got %+v", i, got)
		}
	}
}

// zooNumber is a zoo whose interfaces hold other types, deeper and deeper, the
// larger i is.
func zooNumber(i int) zoo {
	z := zoo{Label: fmt.Sprint(i), Best: dog{"rex"}}
	if i > 1 {
		z.All = []animal{dog{"a"}, cat{[]int{i}}, nil}
	}
	if i > 10 {
		z.ByKey = map[string]any{"n": i, "cage": cage{cage{cat{[]int{9}}}}}
	}
	if i > 60 {
		z.ByKey["late"] = []any{cage{quote{"X", 1, 2}}, "text", nil, map[string]any{"deep": cage{dog{"d"}}}}
	}
	return z
}

func init() {
	gob.Register([]any{})
	gob.Register(map[string]any{})
	codec.Register[quote]()
}

func TestNoDescriptionIsEverInsideOfAPayload(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	for i := range 100 {
		m := send(t, e, zooNumber(i))
		if m.Flags != 0 {
			t.Fatalf("message %d has flags %#x", i, m.Flags)
		}
		if i == 70 || i == 71 {
			if got, want := len(m.payload), valueOnly(t, zooNumber(i)); got != want {
				t.Errorf("message %d: %d bytes, want %d", i, got, want)
			}
		}
	}
}

func TestTypesMayShareANestedType(t *testing.T) {
	var dictionary memory
	e, d := codec.NewEncoder(&dictionary), sameBinary()
	a := first{shared{[]string{"x"}}}
	b := second{map[string]shared{"k": {[]string{"y", "z"}}}}
	ma, mb := send(t, e, a), send(t, e, b)
	// In the other order, and on a fresh decoder each.
	for _, d := range []*codec.Decoder{d, sameBinary()} {
		if got := receive[second](t, d, &dictionary, mb); !reflect.DeepEqual(got, b) {
			t.Errorf("got %+v, want %+v", got, b)
		}
		if got := receive[first](t, d, &dictionary, ma); !reflect.DeepEqual(got, a) {
			t.Errorf("got %+v, want %+v", got, a)
		}
	}
}

func TestAfterAnEncodeErrorEarlierAndLaterMessagesDecode(t *testing.T) {
	var dictionary memory
	e, d := codec.NewEncoder(&dictionary), sameBinary()
	before := send(t, e, zooNumber(70))
	typ, _ := codec.TypeFor[broken]()
	for _, inside := range []any{make(chan int), cage{make(chan int)}, cage{func() {}}, (*dog)(nil)} {
		dst := []byte("kept")
		out, _, err := e.Append(dst, typ, &broken{cage{inside}})
		wantError(t, err, codec.ErrEncode)
		if string(out) != "kept" {
			t.Errorf("after an error dst is %q", out)
		}
	}
	length := len(dictionary.bytes)
	after := send(t, e, zooNumber(70))
	if len(dictionary.bytes) != length {
		t.Errorf("known types were described again: %d bytes, then %d", length, len(dictionary.bytes))
	}
	fine := send(t, e, broken{cage{"fine"}})
	for _, m := range []message{after, before} {
		if got := receive[zoo](t, d, &dictionary, m); !reflect.DeepEqual(got, zooNumber(70)) {
			t.Errorf("got %+v", got)
		}
	}
	if got := receive[broken](t, d, &dictionary, fine); !reflect.DeepEqual(got, broken{cage{"fine"}}) {
		t.Errorf("got %+v", got)
	}
}

type explosive struct{ S string }

func (explosive) GobEncode() ([]byte, error) { panic("in the user's method") }
func (*explosive) GobDecode([]byte) error    { return nil }

func TestPanicInAValuesMethodLeavesTheEncoderUsable(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	type carrier struct{ E explosive }
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		send(t, e, carrier{explosive{"x"}})
	}()
	m := send(t, e, quote{"A", 1, 1})
	if got := receive[quote](t, sameBinary(), &dictionary, m); got != (quote{"A", 1, 1}) {
		t.Errorf("got %+v", got)
	}
}

func TestFullDictionaryMakesGobSelfContained(t *testing.T) {
	probe := memory{}
	e := codec.NewEncoder(&probe)
	send(t, e, quote{})
	known := len(probe.bytes) // entry and description of quote
	typ, _ := codec.TypeFor[zoo]()
	if _, err := e.Announce(typ); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{len(probe.bytes), len(probe.bytes) + 40, len(probe.bytes) + 100} {
		dictionary := memory{limit: limit}
		e, d := codec.NewEncoder(&dictionary), sameBinary()
		sent := []message{send(t, e, quote{"A", 1, 1})}
		if len(dictionary.bytes) != known {
			t.Fatalf("dictionary of %d bytes, want %d", len(dictionary.bytes), known)
		}
		for i := range 3 {
			m := send(t, e, zooNumber(70))
			if m.Flags != codec.FlagSelfContained {
				t.Errorf("limit %d, message %d: flags %#x", limit, i, m.Flags)
			}
			if got := receive[zoo](t, d, &dictionary, m); !reflect.DeepEqual(got, zooNumber(70)) {
				t.Errorf("got %+v", got)
			}
		}
		sent = append(sent, send(t, e, quote{"B", 2, 2}))
		for i, m := range sent {
			if m.Flags != 0 {
				t.Errorf("described type, message %d: flags %#x", i, m.Flags)
			}
			receive[quote](t, d, &dictionary, m)
		}
	}
}

func TestTypeThatDoesNotFitTheDictionaryIsAnError(t *testing.T) {
	dictionary := memory{limit: 10}
	e := codec.NewEncoder(&dictionary)
	typ, _ := codec.TypeFor[plain]()
	_, err := e.Announce(typ)
	wantError(t, err, codec.ErrDictionaryFull)
	wantError(t, err, errNoRoom)
	_, _, err = e.Append(nil, typ, &plain{})
	wantError(t, err, codec.ErrDictionaryFull)
}

func TestGobForgetsWhatTheVariableHeld(t *testing.T) {
	var dictionary memory
	e, d := codec.NewEncoder(&dictionary), sameBinary()
	m := send(t, e, quote{Symbol: "NEW"})
	if err := d.Feed(dictionary.bytes); err != nil {
		t.Fatal(err)
	}
	v := quote{"OLD", 7, 7}
	if err := d.Decode(m.Header, m.payload, &v); err != nil {
		t.Fatal(err)
	}
	if v != (quote{Symbol: "NEW"}) {
		t.Errorf("got %+v, with remains of the old value", v)
	}
}

func TestDecoderIsUsableAfterAnError(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	good, other := send(t, e, quote{"A", 1, 1}), send(t, e, first{shared{[]string{"x"}}})
	d := fed(t, &dictionary)
	for range 3 {
		bad := good
		bad.payload = append(bytes.Clone(good.payload[:len(good.payload)-1]), 0x55)
		var q quote
		wantError(t, d.Decode(bad.Header, bad.payload, &q), codec.ErrCorrupt)
		if got := receive[quote](t, d, &dictionary, good); got != (quote{"A", 1, 1}) {
			t.Errorf("got %+v", got)
		}
		receive[first](t, d, &dictionary, other)
	}
}

type moody struct{ mood string }

func (m moody) GobEncode() ([]byte, error) { return []byte(m.mood), nil }

func (m *moody) GobDecode(b []byte) error {
	if string(b) == "panic" {
		panic("hostile bytes")
	}
	return errNoRoom
}

func TestErrorsAndPanicsOfTheValuesOwnDecodingAreReported(t *testing.T) {
	type shy struct {
		M moody
		S string
	}
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	failing, panicking := send(t, e, shy{M: moody{"fail"}}), send(t, e, shy{M: moody{"panic"}})
	good := send(t, e, quote{"A", 1, 1})
	d := fed(t, &dictionary)
	var c shy
	err := d.Decode(failing.Header, failing.payload, &c)
	wantError(t, err, codec.ErrDecode)
	wantError(t, err, errNoRoom)
	wantError(t, d.Decode(panicking.Header, panicking.payload, &c), codec.ErrCorrupt)
	if got := receive[quote](t, d, &dictionary, good); got != (quote{"A", 1, 1}) {
		t.Errorf("got %+v", got)
	}
}

func TestUnknownDynamicTypeSaysWhatToRegister(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	m := send(t, e, cage{dog{"rex"}})
	d := fed(t, &dictionary)
	// As if the receiving program had no such type.
	payload := bytes.Replace(m.payload, []byte("codec_test.dog"), []byte("codec_test.cow"), 1)
	var c cage
	err := d.Decode(m.Header, payload, &c)
	wantError(t, err, codec.ErrUnregistered)
}

func TestConcurrentSendersShareAnEncoder(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	const senders, each = 8, 200
	sent := make([][each]message, senders)
	var all errgroup
	for s := range senders {
		all.run(func() (err error) {
			for i := range each {
				m := &sent[s][i]
				v := mixed(s, i)
				typ, _ := codec.TypeOf(reflect.ValueOf(v).Elem().Interface())
				if m.payload, m.Header, err = e.Append(nil, typ, v); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := all.wait(); err != nil {
		t.Fatal(err)
	}
	d := fed(t, &dictionary)
	for s := range senders {
		for i, m := range sent[s] {
			want := reflect.ValueOf(mixed(s, i)).Elem().Interface()
			if got, err := d.DecodeAny(m.Header, m.payload); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("sender %d message %d: got %+v, %v, want %+v", s, i, got, err, want)
			}
		}
	}
}

// mixed points to one of three types of value.
func mixed(sender, i int) any {
	switch (sender + i) % 3 {
	case 0:
		z := zooNumber(i)
		return &z
	case 1:
		return &plain{int32(i), int32(sender)}
	}
	return &quote{"Q", float64(i), sender}
}

// errgroup runs functions at the same time and keeps an error.
type errgroup struct {
	group sync.WaitGroup
	mu    sync.Mutex
	err   error
}

func (g *errgroup) run(f func() error) {
	g.group.Go(func() {
		if err := f(); err != nil {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.err = err
		}
	})
}

func (g *errgroup) wait() error {
	g.group.Wait()
	return g.err
}
