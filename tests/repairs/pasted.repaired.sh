qemu-system-x86_64 -m 4G \
  -object memory-backend-ram,id=ram0,size=4G,share=yes \
  -object memory-backend-ram,id=ram1,size=1G \
  -object '{"qom-type": "memory-backend-memfd", "id": "m0", "size": 1073741824}' \
  -object iothread,id=io0,poll-max-ns=0 \
  -object rng-random,id=rng0
