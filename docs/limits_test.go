package docs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/ring"
)

// TestLimitsPageSaysWhatTheCodeHas looks for each number of package ring in the
// row of docs/limits.md that it belongs to.
func TestLimitsPageSaysWhatTheCodeHas(t *testing.T) {
	page, err := os.ReadFile("limits.md")
	if err != nil {
		t.Fatal(err)
	}
	size := func(n int) string {
		switch {
		case n >= 1<<30:
			return fmt.Sprintf("%d GiB", n>>30)
		case n >= 1<<20:
			return fmt.Sprintf("%d MiB", n>>20)
		}
		return fmt.Sprintf("%d KiB", n>>10)
	}
	g := ring.DefaultGeometry(2)
	rows := []struct{ row, want string }{
		{"| workers in a run", fmt.Sprintf("1 … %d", ring.MaxSlots-1)},
		{"| name of a worker", fmt.Sprintf("%d bytes", ring.MaxName)},
		{"| lane (`WithLaneSize`)", size(ring.MinLaneSize) + " … " + size(ring.MaxLaneSize)},
		{"| lane (`WithLaneSize`)", size(g.LaneSize)},
		{"| lanes from one worker", fmt.Sprintf("%d: one for", ring.LanesPerPeer)},
		{"| lanes from one worker", fmt.Sprintf("%d for handles", ring.LanesPerPeer-ring.LaneFirst)},
		{"| slab (`WithSlabSize`)", size(ring.MinSlabSize) + " … " + size(ring.MaxSlabSize)},
		{"| slab (`WithSlabSize`)", size(g.SlabSize)},
		{"| dictionary", size(g.DictionarySize)},
	}
	for _, r := range rows {
		found := false
		for line := range strings.Lines(string(page)) {
			found = found || strings.HasPrefix(line, r.row) && strings.Contains(line, r.want)
		}
		if !found {
			t.Errorf("docs/limits.md: no row %q says %q", r.row, r.want)
		}
	}
}
