package machine

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// maxListed bounds a list of cores as the kernel may write it.
const maxListed = 1 << 16

// readCore reads what /sys says of one core.
func readCore(number int) Core {
	folder := fmt.Sprintf("/sys/devices/system/cpu/cpu%d/", number)
	core := Core{Number: number, Siblings: parseList(line(folder + "topology/thread_siblings_list"))}
	if len(core.Siblings) == 0 {
		core.Siblings = []int{number}
	}
	indices, _ := filepath.Glob(folder + "cache/index*") // the pattern is well-formed
	for _, index := range indices {
		level, err := strconv.Atoi(line(index + "/level"))
		if err != nil {
			continue
		}
		core.Caches = append(core.Caches, Cache{
			Level: level, Type: line(index + "/type"), Size: line(index + "/size"),
			Shared: parseList(line(index + "/shared_cpu_list")),
		})
	}
	slices.SortStableFunc(core.Caches, func(a, b Cache) int { return a.Level - b.Level })
	return core
}

// physical identifies the physical core.
func (c *Core) physical() int { return slices.Min(c.Siblings) }

// parseList reads a list of cores such as "0-3,8". What is none is left out.
func parseList(text string) []int {
	var list []int
	for part := range strings.SplitSeq(text, ",") {
		low, high, isRange := strings.Cut(strings.TrimSpace(part), "-")
		from, err := strconv.Atoi(low)
		if err != nil {
			continue
		}
		to := from
		if isRange {
			if to, err = strconv.Atoi(high); err != nil {
				continue
			}
		}
		for n := from; n <= to && len(list) < maxListed; n++ {
			list = append(list, n)
		}
	}
	return list
}
