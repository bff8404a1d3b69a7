package supervisor

import (
	"fmt"
	"slices"

	"github.com/ringmaster-ipc/ringmaster/supervisor/internal/proc"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// coreTable gives out cores.
type coreTable struct {
	allowed   []int
	turn      int
	users     map[int][]string // who is pinned to a core by request
	exclusive map[int]string   // who has it for itself
}

func newCoreTable() (*coreTable, error) {
	allowed, err := proc.AllowedCores()
	if err != nil {
		return nil, err
	}
	return &coreTable{allowed: allowed, users: map[int][]string{}, exclusive: map[int]string{}}, nil
}

// choose returns the cores for a worker, nil for all of them.
func (c *coreTable) choose(spec worker.Spec, who string) ([]int, error) {
	switch spec.Pin {
	case worker.PinNone:
		return nil, nil
	case worker.PinCores:
		return slices.Clone(spec.Cores), c.claim(spec, who)
	}
	for range c.allowed {
		core := c.allowed[c.turn%len(c.allowed)]
		c.turn++
		if c.exclusive[core] == "" {
			return []int{core}, nil
		}
	}
	return nil, fmt.Errorf("%w: all of %v are exclusive to others; leave one, or make worker %q unpinned", ErrCoreTaken, c.allowed, who)
}

// claim notes that a worker is pinned to the cores it asked for.
func (c *coreTable) claim(spec worker.Spec, who string) error {
	for _, core := range spec.Cores {
		if !slices.Contains(c.allowed, core) {
			return fmt.Errorf("%w: worker %q asks for core %d, this process may use %s", ErrNoCore, who, core, proc.FormatCoreList(c.allowed))
		}
		if owner := c.exclusive[core]; owner != "" {
			return fmt.Errorf("%w: worker %q asks for core %d, which is exclusive to worker %q", ErrCoreTaken, who, core, owner)
		}
		if spec.Exclusive && len(c.users[core]) > 0 {
			return fmt.Errorf("%w: worker %q wants core %d for itself, and worker %q is pinned to it", ErrCoreTaken, who, core, c.users[core][0])
		}
	}
	for _, core := range spec.Cores {
		c.users[core] = append(c.users[core], who)
		if spec.Exclusive {
			c.exclusive[core] = who
		}
	}
	return nil
}
