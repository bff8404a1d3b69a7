package machine_test

import (
	"fmt"

	"github.com/ringmaster-ipc/ringmaster/bench/machine"
)

func Example() {
	m, err := machine.Describe()
	if err != nil {
		fmt.Println(err)
		return
	}
	core := m.Order()[0]
	fmt.Println(m.Relation(core, core))
	// Output: same core
}
