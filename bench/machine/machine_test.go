package machine

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestThisMachineIsDescribed(t *testing.T) {
	m, err := Describe()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Allowed) == 0 || len(m.Cores) == 0 || m.Arch == "" || m.GoVersion == "" {
		t.Errorf("described as %+v", m)
	}
	if order := slices.Sorted(slices.Values(m.Order())); !slices.Equal(order, slices.Sorted(slices.Values(m.Allowed))) {
		t.Errorf("the order %v is not one of the allowed %v", m.Order(), m.Allowed)
	}
	if text := m.String(); !strings.Contains(text, m.Arch) || strings.Contains(text, ", ,") {
		t.Errorf("in one line it is %q", text)
	}
}

func TestAHiddenProcIsReported(t *testing.T) {
	for _, proc := range []string{t.TempDir(), "/nowhere"} {
		if _, err := describe(proc); !errors.Is(err, ErrNoCores) {
			t.Errorf("%s: %v, want ErrNoCores", proc, err)
		}
	}
}

// hyper is a machine with two physical cores of two threads each.
func hyper() *Machine {
	m := &Machine{Allowed: []int{0, 1, 2, 3}}
	for n := range 4 {
		first := n / 2 * 2
		pair := []int{first, first + 1}
		m.Cores = append(m.Cores, Core{Number: n, Siblings: pair, Caches: []Cache{
			{Level: 1, Type: "Data", Shared: pair}, {Level: 3, Type: "Unified", Shared: []int{0, 1, 2, 3}},
		}})
	}
	return m
}

func TestOneThreadOfEachPhysicalCoreComesFirst(t *testing.T) {
	if got, want := hyper().Order(), []int{0, 2, 1, 3}; !slices.Equal(got, want) {
		t.Errorf("the order is %v, want %v", got, want)
	}
}

func TestRelationsAreNamed(t *testing.T) {
	m := hyper()
	m.Cores = append(m.Cores, Core{Number: 4, Siblings: []int{4}, Caches: []Cache{{Level: 3, Shared: []int{4}}}}, Core{Number: 5, Siblings: []int{5}})
	for _, c := range []struct {
		a, b int
		want string
	}{
		{1, 1, "same core"}, {0, 1, "one physical core"}, {0, 2, "share L3"}, {4, 0, "share no cache"}, {5, 0, "relation unknown"}, {9, 0, "relation unknown"},
	} {
		if got := m.Relation(c.a, c.b); got != c.want {
			t.Errorf("cores %d and %d: %q, want %q", c.a, c.b, got, c.want)
		}
	}
}

func TestListsOfCoresAreRead(t *testing.T) {
	for _, c := range []struct {
		text string
		want []int
	}{
		{"", nil}, {"0", []int{0}}, {"0-3", []int{0, 1, 2, 3}}, {"0-1,4, 6-7", []int{0, 1, 4, 6, 7}}, {"x,2,3-y", []int{2}}, {"5-4", nil},
	} {
		if got := parseList(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%q is read as %v, want %v", c.text, got, c.want)
		}
	}
	if n := len(parseList("0-999999999")); n != maxListed {
		t.Errorf("a list without end has %d cores, want %d", n, maxListed)
	}
}
