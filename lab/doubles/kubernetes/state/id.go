package state

import "strings"

// ID is the engine's ID of an object: "namespace/name", or "name" for a cluster-scoped one.
func ID(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

// ParseID is the reverse of ID.
func ParseID(id string) (namespace, name string) {
	namespace, name, namespaced := strings.Cut(id, "/")
	if !namespaced {
		return "", namespace
	}
	return namespace, name
}
