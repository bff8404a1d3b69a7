package codec

import (
	"context"
	"io"
	"reflect"
	"slices"
	"testing"
)

func TestNamesThatMentionPackageMainAreLocal(t *testing.T) {
	for name, want := range map[string]bool{
		"main.T":                         true,
		"[]main.T":                       true,
		"map[string]*main.T":             true,
		"example.com/p.Box[main.T]":      true,
		"example.com/p.Pair[int,main.T]": true,
		"example.com/main.T":             false,
		"example.com/domain.T":           false,
		"p.Box[example.com/main.T]":      false,
		"Do(main.T) (error)":             true,
		"Do(...main.T)":                  true,
		"string":                         false,
	} {
		if got := local(name); got != want {
			t.Errorf("local(%q) = %v, want %v", name, got, want)
		}
	}
}

type signed struct{}

func (signed) Plain()                                                            {}
func (*signed) Pointer(context.Context, ...io.Reader) (map[string]signed, error) { return nil, nil }

func TestMethodsAreListedWithFullSignatures(t *testing.T) {
	got := methodNames(reflect.TypeFor[signed]())
	want := []string{
		"Plain()",
		"Pointer(context.Context,...io.Reader) (map[string]github.com/ringmaster-ipc/ringmaster/codec.signed,error)",
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
