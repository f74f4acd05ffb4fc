// One binary with the parts of a Kubernetes control plane that tests need, and kubectl: `kube apiserver ...`, `kube etcd ...`.
// Kubelet and kube-proxy are left out until real pods are tested: they add a minute to the build and need root.
package main

import (
	"fmt"
	"io"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	manager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// The owner keeps the other end of standard input open. When the owner dies, however it dies, the kernel closes that end:
// no process of a killed test run stays behind, on any system and without asking anybody.
const untilStdinCloses = "--until-stdin-closes"

const usage = "usage: kube [" + untilStdinCloses + "] etcd|apiserver|controller-manager|scheduler|kubectl [argument...]"

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == untilStdinCloses {
		args = args[1:]
		go exitWithStdin()
	}
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	run(args[0], args[1:])
}

func run(part string, args []string) {
	// The components read os.Args themselves; kubectl shows the first word in its help.
	os.Args = append([]string{"kube-" + part}, args...)
	switch part {
	case "etcd":
		etcdmain.Main(os.Args)
	case "apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "controller-manager":
		os.Exit(cli.Run(manager.NewControllerManagerCommand()))
	case "scheduler":
		os.Exit(cli.Run(scheduler.NewSchedulerCommand()))
	case "kubectl":
		os.Args[0] = "kubectl"
		util.CheckErr(cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()))
	default:
		fmt.Fprintf(os.Stderr, "kube: there is no part %q\n%s\n", part, usage)
		os.Exit(2)
	}
}

func exitWithStdin() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	fmt.Fprintln(os.Stderr, "kube: the owner of this process is gone, exiting")
	os.Exit(1)
}
