package ring

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// onlineCores returns how many cores the machine has in use, at least as many
// as this process may run on.
func onlineCores() int {
	list, err := os.ReadFile("/sys/devices/system/cpu/online")
	if err != nil {
		return runtime.NumCPU() // hidden: the best there is
	}
	return max(countCores(string(list)), runtime.NumCPU())
}

// countCores counts the cores in a list as the kernel writes it, "0-3,8". What
// it cannot read counts as nothing.
func countCores(list string) int {
	n := 0
	for part := range strings.SplitSeq(strings.TrimSpace(list), ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, bad := strconv.Atoi(first)
		to, worse := strconv.Atoi(last)
		if bad == nil && worse == nil && to >= from {
			n += to - from + 1
		}
	}
	return n
}
