# What is named for memory is none.
#~ 4:44 wrong-link-type
qemu-system-x86_64 -m 1G -object iothread,id=io0 \
  -device '{"driver": "pc-dimm", "memdev": "io0"}'
