package fieldpath

import "sigs.k8s.io/structured-merge-diff/v6/fieldpath"

type (
	Set  = fieldpath.Set
	Path = fieldpath.Path
)

var MakePath = fieldpath.MakePath
