# headroom shims: begin
case $PATH in @FOLDER@:*) ;; *) export PATH=@FOLDER@:"$PATH" ;; esac
# headroom shims: end
