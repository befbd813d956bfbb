// Reads dashboards by Grafana's own schema, and says what it does not know or refuses.
package main

import (
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	plugins.RegisterDefaultPlugins()
	failed := false
	for _, file := range os.Args[1:] {
		if err := check(file); err != nil {
			failed = true
			fmt.Printf("%s: %v\n", file, err)
		}
	}
	if failed {
		os.Exit(1)
	}
}

func check(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var found dashboard.Dashboard
	if err := found.UnmarshalJSONStrict(text); isError(err) {
		return err
	}
	if err := found.Validate(); isError(err) {
		return err
	}
	return nil
}

// An empty list of errors is an error that is not nil.
func isError(err error) bool { return err != nil && err.Error() != "" }
