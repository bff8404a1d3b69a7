package codec_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/codec"
)

type (
	event  struct{ ID int }
	order  struct{ event }
	Base   struct{ Key string }
	Middle struct{ Base }
	outer  struct {
		*Middle
		N int
	}
	viaHidden struct {
		hiddenMiddle
		N int
	}
	hiddenMiddle    struct{ Base }
	pointerStringer struct{ S string }
	secret          interface{ private() }
)

func (p *pointerStringer) String() string { return "*" + p.S }

func pattern[T any](t *testing.T) codec.Pattern {
	t.Helper()
	p, err := codec.PatternFor[T]()
	if err != nil {
		t.Fatal(err)
	}
	data, err := p.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := codec.ParsePattern(data)
	if err != nil {
		t.Fatalf("ParsePattern(%q): %v", data, err)
	}
	if parsed.String() != p.String() || parsed.Local() != p.Local() {
		t.Errorf("%v came back as %v", p, parsed)
	}
	return parsed
}

func registered[T any](t *testing.T) *codec.Type {
	t.Helper()
	typ, err := codec.TypeFor[T]()
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func TestPatternMatchesTypesEmbeddingAndMethods(t *testing.T) {
	for _, c := range []struct {
		p    codec.Pattern
		typ  *codec.Type
		want bool
	}{
		{pattern[any](t), registered[plain](t), true},
		{pattern[plain](t), registered[plain](t), true},
		{pattern[plain](t), registered[quote](t), false},
		{pattern[Base](t), registered[Middle](t), true},
		{pattern[Base](t), registered[outer](t), true},
		{pattern[Middle](t), registered[outer](t), true},
		{pattern[Base](t), registered[viaHidden](t), true},
		{pattern[hiddenMiddle](t), registered[viaHidden](t), false},
		{pattern[event](t), registered[order](t), false}, // embedded under an unexported name
		{pattern[outer](t), registered[Base](t), false},
		{pattern[animal](t), registered[dog](t), true},
		{pattern[animal](t), registered[cat](t), true},
		{pattern[animal](t), registered[quote](t), false},
		{pattern[fmt.Stringer](t), registered[pointerStringer](t), true},
		{pattern[io.ReadWriter](t), registered[dog](t), false},
		{pattern[interface{ Sound() int }](t), registered[dog](t), false},
		{codec.Pattern{}, registered[dog](t), false},
	} {
		if got := c.p.Matches(c.typ); got != c.want {
			t.Errorf("%v matches %v: %v, want %v", c.p, c.typ, got, c.want)
		}
	}
}

func TestPatternFollowsTheNameGivenAtRegistration(t *testing.T) {
	type Named struct{ A int }
	type holder struct {
		Named
		S string
	}
	codec.Register[Named](codec.WithName("its-name"))
	p := pattern[Named](t)
	if p.String() != "its-name" || !p.Matches(registered[holder](t)) {
		t.Errorf("pattern %v, embeds %q", p, registered[holder](t).Embeds())
	}
}

func TestPatternThatCannotMatchIsRefused(t *testing.T) {
	_, err := codec.PatternFor[*dog]()
	wantError(t, err, codec.ErrUnsupported)
	_, err = codec.PatternFor[secret]()
	wantError(t, err, codec.ErrUnsupported)
}

func TestMalformedPatternsAreCorrupt(t *testing.T) {
	good, _ := pattern[animal](t).MarshalBinary()
	for _, data := range [][]byte{
		nil, {9, 0, 0}, {1}, {1, 1, 'x', 0}, {2, 0, 0}, {3, 1, 'x', 0}, {3, 1, 'x', 2, 1, 'b', 1, 'a'},
		good[:len(good)-1], append(good[:len(good):len(good)], 0), make([]byte, 1<<20),
	} {
		_, err := codec.ParsePattern(data)
		if err == nil {
			t.Errorf("%.20x was accepted", data)
		}
		wantError(t, err, codec.ErrCorrupt)
	}
	if p, err := codec.ParsePattern([]byte{0, 0, 0}); err != nil || p.String() != "none" {
		t.Errorf("the zero pattern: %v, %v", p, err)
	}
}

func TestAsGivesAListenerWhatItAskedFor(t *testing.T) {
	whole := outer{&Middle{Base{"k"}}, 1}
	if got, ok := codec.As[Base](whole); !ok || got.Key != "k" {
		t.Errorf("embedded twice: %+v, %v", got, ok)
	}
	if got, ok := codec.As[Middle](whole); !ok || got.Key != "k" {
		t.Errorf("embedded pointer: %+v, %v", got, ok)
	}
	if got, ok := codec.As[Base](viaHidden{hiddenMiddle{Base{"h"}}, 1}); !ok || got.Key != "h" {
		t.Errorf("through an unexported type: %+v, %v", got, ok)
	}
	if got, ok := codec.As[outer](whole); !ok || got != whole {
		t.Errorf("itself: %+v, %v", got, ok)
	}
	if got, ok := codec.As[animal](dog{"rex"}); !ok || got.Sound() != "wuff rex" {
		t.Errorf("implements: %v, %v", got, ok)
	}
	if got, ok := codec.As[fmt.Stringer](pointerStringer{"p"}); !ok || got.String() != "*p" {
		t.Errorf("pointer implements: %v, %v", got, ok)
	}
	if got, ok := codec.As[any](7); !ok || got != 7 {
		t.Errorf("any: %v, %v", got, ok)
	}
}

func TestAsReportsWhatIsNotThere(t *testing.T) {
	if _, ok := codec.As[Base](outer{}); ok {
		t.Error("behind a nil pointer")
	}
	if _, ok := codec.As[Middle](outer{}); ok {
		t.Error("a nil pointer")
	}
	if _, ok := codec.As[event](order{}); ok {
		t.Error("embedded under an unexported name")
	}
	if _, ok := codec.As[Base](plain{}); ok {
		t.Error("not embedded")
	}
	if _, ok := codec.As[animal](plain{}); ok {
		t.Error("not implemented")
	}
	if _, ok := codec.As[animal](nil); ok {
		t.Error("nil")
	}
}

func TestPatternMatchesAnEntryAsItMatchesTheType(t *testing.T) {
	var dictionary memory
	e := codec.NewEncoder(&dictionary)
	types := []*codec.Type{
		registered[plain](t), registered[Middle](t), registered[outer](t), registered[dog](t), registered[pointerStringer](t),
	}
	for _, typ := range types {
		if _, err := e.Announce(typ); err != nil {
			t.Fatal(err)
		}
	}
	d := fed(t, &dictionary)
	for _, p := range []codec.Pattern{
		pattern[any](t), pattern[plain](t), pattern[Base](t), pattern[animal](t), pattern[fmt.Stringer](t), {},
	} {
		for i, typ := range types {
			entry, err := d.Entry(uint16(i + 1))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := p.MatchesEntry(entry), p.Matches(typ); got != want {
				t.Errorf("%v matches the entry of %v: %v, its type: %v", p, typ, got, want)
			}
		}
	}
}
