// Pulumi's own kubernetes provider. Its own main needs a generated schema that its Go module does not hold; the engine asks for none.
package main

import "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"

// The module's version is a commit: this is the release that it is the source of.
const version = "4.25.0"

func main() {
	provider.Serve("kubernetes", version, []byte(`{"name":"kubernetes","version":"`+version+`"}`), []byte("{}"))
}
